#pragma once

// What wireguard-go v0.0.20220316 sent to a gateway that answered with a
// cookie reply: recorded by tests/tools/record_handshake.sh. The keys were made for the recording
// and belong to nobody. Bytes in hexadecimal, times in nanoseconds since the UNIX epoch.

#include <cstdint>
#include <string_view>

namespace provisiond::authenticate::vectors {

// clang-format off
inline constexpr std::string_view responder_private_key =
    "009095d60956d771e8bab6d0c5bdf11386bc4ef798b499b04f9bdc683c9d3843";
inline constexpr std::string_view initiator_public_key =
    "a5acd2359f3c0988e6c843745a8930e6db26e6490945d5432fb1c3a0551bb904";
inline constexpr std::string_view first_initiation =
    "01000000e32229022d9ee81fb8cab419ebcfb0f65f6175e55fbe8a87031e68dc66c2935635199836310cd12fc13fcde8c31b8115d224b0b5a9f5567839a1cc5f6a49551ed9da27e70e6733e6558b68127bbddbe6244ba3b518dd84f0f90755d77d1208be664adcb9dd5af83f256725e0c84128bdb64fac29c6476058a938db27772119d700000000000000000000000000000000";
inline constexpr std::int64_t first_received_at = 1795399872319471787;
inline constexpr std::string_view cookie_reply =
    "03000000e32229024756b01414f0f6d00c37ebf78223824fb0c85a75102ace90cc4aebba726dd35b6f99e4b2d038898c0e395e6b27d5ac6723a5f4e4ef776c18";
inline constexpr std::string_view cookie =
    "4d826f8a90dc536290ad25379ad47854";
inline constexpr std::string_view second_initiation =
    "01000000172173381bcced6a1cf3ae9aaaf1d1760cf5554ee209bf99f98239ef58bd45c84bbef310e6a5de1a853b63e35687f9fe8d66c4866ce31f4b47bc7993db9efa84756d89fe211adc41649be47a3c3297ab90740a677c6e359d12b8a8ff5d7650f176dc0a8a4faa788f172a74d02b586a982d0428d80ceb17a814ab512bc12bc7825b194ef6895305b02e86a0e3194a78f8";
inline constexpr std::int64_t second_received_at = 1795399877574868541;
// clang-format on

} // namespace provisiond::authenticate::vectors
