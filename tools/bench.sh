#!/usr/bin/env bash
# Runs the benchmarks of a build folder one after the other, and keeps what they print: tools/bench.sh BUILD
set -euo pipefail
cd "$(dirname "$0")/.."
build=$1

shopt -s nullglob
programs=("$build"/bin/bench_*)
if [ ${#programs[@]} = 0 ]; then
  printf 'bench: no benchmark in %s/bin (nothing was built) run make bench\n' "$build" >&2
  exit 1
fi
mkdir -p "$build/bench"
printf 'bench: %s cores, load %s before the start\n' "$(nproc)" "$(cut -d' ' -f1 /proc/loadavg)"
for program in "${programs[@]}"; do
  name=$(basename "$program")
  printf '\n%s\n' "$name"
  "$program" | tee "$build/bench/$name.txt"
done
printf '\nwhat they printed: %s/bench/*.txt\n' "$build"
