#!/bin/sh
# Read the sample data, forecast without training, then train, backtest and forecast. Run by `make demo`.
set -eu
cd "$(dirname "$0")/.."
out=demo-output
mkdir -p "$out"
export TSATTN_WORKSPACE="$out/workspace"

say() {
    printf '\n$ %s\n' "$*"
    "$@"
}

for file in sample_data/*.csv; do
    say tsattn ingest "$file"
done
say tsattn forecast sample_data/stocks.csv --model zero-shot
say tsattn train sample_data/seattle-weather.csv --max-time 90s --name weather
say tsattn backtest sample_data/seattle-weather.csv --model weather --scores "$out/scores.parquet"
say tsattn forecast --model weather --plot terminal -o "$out/forecast.csv"
tsattn forecast --model weather --plot "$out/forecast.png" --quiet --json >"$out/forecast.json"
say tsattn models
printf '\nLook at %s/forecast.png, forecast.csv, forecast.json and scores.parquet.\n' "$out"
