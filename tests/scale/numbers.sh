# How large the scenario is: sourced by what prepares it and by what runs it.
# shellcheck shell=bash
# shellcheck disable=SC2034  # used where this is sourced
peers=${SCALE_PEERS:-20000} # on the device before the daemon starts
seconds=${SCALE_SECONDS:-60}
rate=${SCALE_RATE:-10} # newcomers each second, for so long
newcomers=$((rate * seconds))
idlers=300 # had a session before the daemon started, and have none any more when the minute ends
silent=20  # knock once and say nothing more
revoked_at_once=5
