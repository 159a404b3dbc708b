#!/usr/bin/env bash
# Makes Debian packages of the daemon and of its administration, into build/packages. The same commit gives the same bytes.
#
#   sudo scripts/package.sh                       builds the release first; as root, or where debhelper is installed
#   scripts/package.sh --build BUILD FOLDER       of what is built already, into another folder
#
# wg-provisiond has the daemon, its units, settings and documents; wg-provisionctl the command of that name and the schema,
# for any machine that reaches the database.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=lib.sh
source scripts/lib.sh

built=
if [[ ${1:-} == --build ]]; then built=$(realpath "${2:?}"); shift 2; fi
[[ ${1:-} != -* ]] || { sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }
folder=${1:-build/packages}

install_packages "${build_packages[@]}" "${package_packages[@]}"
if [[ -z $built ]]; then
  build release wg-provisiond wg-provisionctl wg-handshake-flood manual
  built=$PWD/build/release
fi

version=$(sed -n 's/^project(wg-provisiond VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
packaged=$(dpkg-parsechangelog --file deploy/debian/changelog --show-field Version)
[[ ${packaged%-*} == "$version" ]] ||
  { printf 'deploy/debian/changelog begins with %s, CMakeLists.txt says %s: add an entry with dch\n' "$packaged" "$version" >&2; exit 1; }

mkdir -p "$folder"
folder=$(realpath "$folder")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/source"
cp -r deploy/debian "$work/source/debian"
export WG_PROVISIOND_SOURCE=$PWD WG_PROVISIOND_BUILD=$built
# What is packed gets its time, and the mode that it has in the checkout does not count.
umask 022
if ! (cd "$work/source" && dpkg-buildpackage --build=binary --no-sign -d) >"$folder/build.log" 2>&1; then
  tail -n 40 "$folder/build.log" >&2
  printf 'the packages could not be made; the whole log is in %s\n' "$folder/build.log" >&2
  exit 1
fi
rm -f "$folder"/wg-provision*.deb
mv "$work"/*.deb "$folder"
printf '%s\n' "$folder"/*.deb
