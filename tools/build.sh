#!/usr/bin/env bash
# Configures and builds one preset: tools/build.sh PRESET [TARGET ...]   (no target: everything)
set -euo pipefail
cd "$(dirname "$0")/.."
preset=$1
shift

printf 'build: preset %s in build/%s, %s jobs\n' "$preset" "$preset" "$(nproc)"
log=build/$preset/configure.log
mkdir -p "build/$preset"
cmake --preset "$preset" ${BENCH:+-D WIDENET_BENCH=ON} > "$log" 2>&1 || { cat "$log"; exit 1; }
targets=()
for target in "$@"; do targets+=(--target "$target"); done
cmake --build "build/$preset" --parallel "$(nproc)" "${targets[@]}"
