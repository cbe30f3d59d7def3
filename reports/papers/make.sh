#!/usr/bin/env bash
# Trains, scores and reports the small versions of the papers in sweeps/papers/, each into reports/papers/<paper>/.
#
#   reports/papers/make.sh                     all seven; they share trials, so 38 models are trained
#   reports/papers/make.sh dip-vae-2018 …      some of them
#   reports/papers/make.sh --as-it-is …        from what is trained and scored so far; nothing is trained
#
# What is kept here is the page, which holds every figure and picture, and the numbers behind it as CSV. The same figures and
# pictures as files, and the numbers as Parquet, which `unravel report` makes as well, are left out, and the page's links.
set -euo pipefail
cd "$(dirname "$0")/../.."

verb=(run --keep-codes)
if [ "${1:-}" = --as-it-is ]; then
  verb=(report)
  shift
fi
papers=("$@")
if [ ${#papers[@]} -eq 0 ]; then
  papers=(beta-vae-2017 understanding-2018 factor-vae-2018 beta-tcvae-2018 dip-vae-2018 infogan-cr-2020 locatello-2019-dsprites)
fi

cargo build --release
for paper in "${papers[@]}"; do
  folder="reports/papers/$paper"
  rm -rf "$folder"
  target/release/unravel "${verb[@]}" "sweeps/papers/$paper-small.toml" --report "$folder"
  rm -rf "$folder/figures" "$folder/pictures" "$folder"/data/*.parquet
  sed -i -E 's#<a href="((figures|pictures)/[^"]*|[^"]*\.parquet)"[^>]*>[^<]*</a>##g' "$folder/index.html"
  du -sh "$folder"
done
