"""Real series for pre-training: Parquet files of source, item_id, freq and values, drawn and multiplied."""
