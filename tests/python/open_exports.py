"""Opens every export of a folder with the libraries that people use, and prints what is in them as JSON.

Times are given as unix microseconds, rows as lists in the order of the columns.
"""

import csv
import datetime
import json
import pathlib
import re
import sys

import duckdb
import networkx
import pyarrow.parquet

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def plain(value):
    if isinstance(value, datetime.datetime):
        return (value - EPOCH) // datetime.timedelta(microseconds=1)
    return value


def with_pyarrow(path):
    file = pyarrow.parquet.ParquetFile(path)
    table = file.read()
    metadata = {name.decode(): text.decode() for name, text in file.metadata.metadata.items()}
    codecs = {file.metadata.row_group(0).column(i).compression for i in range(table.num_columns)}
    return {
        "columns": [[f.name, str(f.type), f.nullable] for f in table.schema],
        "described": [(f.metadata or {}).get(b"description", b"").decode() for f in table.schema],
        "units": {f.name: f.metadata[b"unit"].decode() for f in table.schema if b"unit" in (f.metadata or {})},
        "about": {name: text for name, text in metadata.items() if name.startswith("kith.")},
        "codecs": sorted(codecs),
        "rows": [[plain(value) for value in row.values()] for row in table.to_pylist()],
    }


def with_duckdb(connection, path):
    relation = connection.read_parquet(str(path))
    columns = [[name, str(kind)] for name, kind in zip(relation.columns, relation.types)]
    # As a time, Python would get it through another package, pytz.
    micros = [
        f'epoch_us("{name}")' if kind == "TIMESTAMP WITH TIME ZONE" else f'"{name}"' for name, kind in columns
    ]
    return {"columns": columns, "rows": relation.project(", ".join(micros)).fetchall()}


def with_csv(path):
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file, strict=True))
    return {"columns": rows[0], "rows": rows[1:]}


def of_graph(graph):
    return {
        "directed": graph.is_directed(),
        "nodes": {did: dict(data) for did, data in graph.nodes(data=True)},
        "edges": [[a, b, data["weight"]] for a, b, data in graph.edges(data=True)],
    }


def unquoted(graph):
    """DOT has no types, and pydot leaves the quotes where they are."""
    for data in [data for _, data in graph.nodes(data=True)] + [data for _, _, data in graph.edges(data=True)]:
        for name, text in data.items():
            data[name] = re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else int(text)
    return graph


folder = pathlib.Path(sys.argv[1])
database = duckdb.connect()
found = {"pyarrow": {}, "duckdb": {}, "csv": {}, "graphml": {}, "dot": {}}
for path in sorted(folder.iterdir()):
    if path.suffix == ".parquet":
        found["pyarrow"][path.stem] = with_pyarrow(path)
        found["duckdb"][path.stem] = with_duckdb(database, path)
    elif path.suffix == ".csv":
        found["csv"][path.stem] = with_csv(path)
    elif path.suffix == ".graphml":
        found["graphml"][path.stem] = of_graph(networkx.read_graphml(path))
    elif path.suffix == ".dot":
        found["dot"][path.stem] = of_graph(unquoted(networkx.nx_pydot.read_dot(path)))
json.dump(found, sys.stdout)
