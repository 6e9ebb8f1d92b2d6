"""Real series for pre-training: read from Parquet files (source, item_id, freq, values), sampled and augmented."""
