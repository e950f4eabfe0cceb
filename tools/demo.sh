#!/usr/bin/env bash
# The main job on three real tables: tools/demo.sh PROGRAM
# For each: every fourth row is held out, a model is fitted to the others (kernel and ridge chosen by the program, without
# the held-out rows), tested on the held-out rows, and predicts them into a file. Everything lies in demo/ afterwards.
set -euo pipefail
cd "$(dirname "$0")/.."
program=$1
mkdir -p demo

field() {  # field FILE SECTION KEY: a value of a flat object inside the one that `fit --json` printed; no SECTION: its own
  tr -d '\n' < "$1" | awk -v section="$2" -v key="$3" '{
    if (section != "" && match($0, "\"" section "\": *[{][^}]*")) $0 = substr($0, RSTART, RLENGTH)
    else if (section != "") exit
    if (match($0, "\"" key "\": *(\"([^\"\\\\]|\\\\.)*\"|[^,}]*)")) {
      text = substr($0, RSTART, RLENGTH)
      sub("^\"" key "\": *", "", text)
      gsub("^\"|\"? *$", "", text)
      print text
    }
  }'
}

rows=()
demo() {  # demo METRIC TABLE --target COLUMN [OPTION ...]
  local metric=$1 table=$2 json=demo/$2.json options=("${@:3}")
  awk -v train="demo/${table}_train.csv" -v test="demo/${table}_test.csv" '
    NR == 1 { print > train; print > test; next }
    { print > (NR % 4 == 1 ? test : train) }' "examples/data/$table.csv"
  printf '\n%s\n' "widenet fit demo/${table}_train.csv ${options[*]} --test demo/${table}_test.csv --out demo/$table.widenet"
  "$program" fit "demo/${table}_train.csv" "${options[@]}" --test "demo/${table}_test.csv" --out "demo/$table.widenet" \
    --json > "$json"
  printf '%s\n' "widenet predict demo/$table.widenet demo/${table}_test.csv --out demo/${table}_predictions.csv"
  "$program" predict "demo/$table.widenet" "demo/${table}_test.csv" --out "demo/${table}_predictions.csv"
  rows+=("$(printf '%s\t' "$table" "$(field "$json" train rows)" "$(field "$json" test rows)" "$metric" \
    "$(field "$json" test "$metric")" "$(field "$json" test "baseline_$metric")" "$(field "$json" '' seconds)" \
    "$(field "$json" '' kernel)")")
}

demo rmse diabetes --target progression
demo accuracy breast_cancer --target diagnosis
demo accuracy digits --target digit --task classification

printf '\nHeld-out rows, kernel and ridge chosen on the others. guess: always the mean or the most frequent class.\n\n'
printf '%-14s %6s %5s  %-9s %8s %8s %8s  %s\n' table rows test metric widenet guess seconds kernel
for row in "${rows[@]}"; do
  IFS=$'\t' read -r table train test metric value guess seconds kernel <<< "$row"
  if [ ${#kernel} -gt 50 ]; then kernel=${kernel:0:47}...; fi
  LC_ALL=C printf '%-14s %6d %5d  %-9s %8.4g %8.4g %8.2f  %s\n' "$table" "$train" "$test" "$metric" "$value" "$guess" "$seconds" \
    "$kernel"
done
printf '\nmodels:      demo/*.widenet   (widenet info FILE describes one)\n'
printf 'predictions: demo/*_predictions.csv, for the rows of demo/*_test.csv\n'
