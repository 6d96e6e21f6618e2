"""Packages with compiled code that are built for Pyodide, on which Python Workers run.

https://pyodide.org/en/stable/usage/packages-in-pyodide.html
"""

BUILT = frozenset(
    """
    aiohttp apsw argon2-cffi arro3-core astropy atomicwrites autograd bcrypt bitarray bokeh
    boost-histogram brotli cartopy cbor-diag cffi cftime coolprop coverage cryptography
    cssselect cytoolz demes duckdb fastparquet fiona fonttools freesasa frozenlist gensim
    geopandas gmpy2 gsw h3 h5py httptools igraph imgui-bundle iminuit jiter jsonschema
    kiwisolver lakers-python lazy-object-proxy lightgbm logbook lxml lz4 markupsafe matplotlib
    mmh3 msgpack msgspec msprime multidict mypy nh3 nlopt nlohmann-json numcodecs numpy
    opencv-python orjson pandas peewee pillow propcache protobuf pyarrow pyclipper pycparser
    pycryptodome pydantic-core pydantic_core pyerfa pyheif pyinstrument pynacl pyproj pysam
    pyshp pyxel pyxirr pyyaml rapidfuzz rasterio rebound reboundx regex river rpds-py rtree
    ruamel.yaml safetensors scikit-image scikit-learn scipy screed shapely simplejson sourmash
    sparseqr sqlalchemy ssl statsmodels tiktoken tokenizers tree-sitter tskit typed-ast ujson
    unyt uvloop wordcloud wrapt xgboost yarl yt zengl zfpy zstandard
    """.split()
)
