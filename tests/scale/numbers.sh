# How large the scenario is: sourced by what prepares it and by what runs it.
# shellcheck shell=bash
# shellcheck disable=SC2034  # used where this is sourced
peers=${SCALE_PEERS:-20000} # on the device before the newcomers come
seconds=${SCALE_SECONDS:-40}
# Newcomers each second, for so long. A list of the peers takes 90 ms on this device: fewer than one newcomer in that time
# would let some lists be whole.
rate=${SCALE_RATE:-20}
newcomers=$((rate * seconds))
idlers=300 # had a session when the daemon started, and have none any more when the newcomers have come
silent=20  # knock once and say nothing more
revoked_at_once=5
