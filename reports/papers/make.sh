#!/usr/bin/env bash
# Trains, scores and reports the small versions of the papers in sweeps/papers/, each into reports/papers/<paper>/.
#
#   reports/papers/make.sh                     all seven; they share trials, so about 30 models are trained
#   reports/papers/make.sh dip-vae-2018 …      some of them
#
# What is kept here is the page and the numbers behind it. Pictures of figures (PNG, dark SVG) and Parquet files, which
# `unravel report` makes as well, are left out, and the page's links to them.
set -euo pipefail
cd "$(dirname "$0")/../.."

papers=("$@")
if [ ${#papers[@]} -eq 0 ]; then
  papers=(beta-vae-2017 understanding-2018 factor-vae-2018 beta-tcvae-2018 dip-vae-2018 infogan-cr-2020 locatello-2019-dsprites)
fi

cargo build --release
for paper in "${papers[@]}"; do
  folder="reports/papers/$paper"
  rm -rf "$folder"
  target/release/unravel run "sweeps/papers/$paper-small.toml" --report "$folder" --keep-codes
  find "$folder" -name '*.png' -delete -o -name '*.gif' -delete -o -name '*.parquet' -delete -o -name '*-dark.svg' -delete
  find "$folder" -type d -empty -delete
  sed -i -E 's#<a href="[^"]*(\.png|\.gif|\.parquet|-dark\.svg)"[^>]*>[^<]*</a>##g' "$folder/index.html"
  du -sh "$folder"
done
