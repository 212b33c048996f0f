"""The same core outputs by other means: hand-written DuckDB SQL, polars, pandas, and Sinos's own expressions alone."""
