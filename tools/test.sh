#!/usr/bin/env bash
# Runs the tests of built presets and closes with their sum: tools/test.sh PRESET [PRESET ...]
set -euo pipefail
cd "$(dirname "$0")/.."
# Properties draw the same cases in every run, so that a change alone can make a test fail: RC_PARAMS=seed=... draws
# others, RC_PARAMS=max_success=... more.
export RC_PARAMS=${RC_PARAMS:-seed=1}

run() {  # run PRESET: every test of the preset, the numbers into build/PRESET/tests.xml
  local preset=$1 runner=()
  rm -f "build/$preset/tests.xml"
  if [ "$preset" = tsan ]; then
    # GCC 12's thread sanitizer cannot live with as much address randomisation as newer kernels use. Where it may not
    # be switched off (some containers), it has to do without.
    if setarch --addr-no-randomize true 2> /dev/null; then runner=(setarch --addr-no-randomize); fi
    export TSAN_OPTIONS=halt_on_error=1
  fi
  printf 'test: preset %s\n' "$preset"
  "${runner[@]}" ctest --test-dir "build/$preset" --parallel "$(nproc)" --output-on-failure --no-tests=error \
    --output-junit tests.xml
}

number() {  # number ATTRIBUTE FILE...: the sum of the attribute over the files
  local attribute=$1
  shift
  awk -v attribute="$attribute" '
    FNR == 1 { inside = 0 }
    /<testsuite/ { inside = 1 }
    inside && match($0, attribute "=\"[0-9]+\"") {
      sum += substr($0, RSTART + length(attribute) + 2, RLENGTH - length(attribute) - 3)
    }
    inside && />/ { nextfile }
    END { print sum + 0 }' "$@"
}

code=0
files=()
for preset in "$@"; do
  run "$preset" || code=1
  files+=("build/$preset/tests.xml")
done
failed=$(number failures "${files[@]}")
skipped=$(($(number skipped "${files[@]}") + $(number disabled "${files[@]}")))
passed=$(($(number tests "${files[@]}") - failed - skipped))
printf 'tests: %s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
exit $code
