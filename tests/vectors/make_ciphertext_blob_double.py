"""Makes ciphertext-blob-double.json from docs/spec/ciphertext-blob.md alone, with another library.

Usage: python3 make_ciphertext_blob_double.py > ciphertext-blob-double.json   (needs `cryptography`)
"""

import contextlib
import hashlib
import io
import json

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

with contextlib.redirect_stdout(io.StringIO()):
    from make_ciphertext_blob import BACKING_KEY, KEY, MATERIAL, flip, seal, serialise

EXTERNAL_KEY = bytes(range(100, 132))
CONTEXT = {"purpose": "test"}


def outer(inner, context=CONTEXT, metadata=b"v1", vector=b"i" * 12, kind=0, key=KEY,
          material=MATERIAL, format=1, suite=2, bind=None):
    name = bytes([format, suite, kind]) + key + material
    additional = bind or name + hashlib.sha256(serialise(context)).digest()
    aad = len(additional).to_bytes(2, "big") + additional + bytes([len(metadata)]) + metadata
    sealed = AESGCM(EXTERNAL_KEY).encrypt(vector, inner, aad)
    parts = [name, bytes([len(metadata)]), metadata, bytes([len(vector)]), vector]
    return b"".join([*parts, sealed[-16:], sealed[:-16]])


def case(name, blob, plaintext=None, context=CONTEXT):
    row = {"name": name, "backingKey": BACKING_KEY.hex(), "externalKey": EXTERNAL_KEY.hex(),
           "context": context, "blob": blob.hex()}
    if plaintext is not None:
        row["plaintext"] = plaintext.hex()
    return row


TEXT = b"attack at dawn"
INNER = seal(TEXT, CONTEXT)
GOOD = outer(INNER)
OTHER = bytes(16)
cases = [
    case("a context", GOOD, TEXT),
    case("no context", outer(seal(TEXT, {}), {}), TEXT, {}),
    case("no metadata", outer(INNER, metadata=b""), TEXT),
    case("the longest metadata", outer(INNER, metadata=b"m" * 20), TEXT),
    case("4096 bytes", outer(seal(bytes(4096), CONTEXT)), bytes(4096)),
    case("a multi-Region key", outer(seal(TEXT, CONTEXT, kind=1), kind=1), TEXT),
    case("nothing", b""),
    case("the inner blob alone", INNER),
    case("metadata of 21 bytes", outer(INNER, metadata=b"m" * 21)),
    case("an IV of 8 bytes", outer(INNER, vector=b"i" * 8)),
    case("an IV of 13 bytes", outer(INNER, vector=b"i" * 13)),
    case("an inner blob of no plaintext", outer(seal(b"", CONTEXT))),
    case("an inner blob of 4097 bytes", outer(seal(bytes(4097), CONTEXT))),
    case("an inner blob that is none", outer(b"x" * 121)),
    case("an inner blob of suite 2", outer(GOOD)),
    case("an inner blob of another key", outer(INNER, key=OTHER)),
    case("an inner blob of another material", outer(INNER, material=bytes(8))),
    case("an inner blob of another kind", outer(INNER, kind=1)),
    case("an inner blob of another context", outer(seal(TEXT, {}))),
    case("format 2, sealed so", outer(INNER, format=2)),
    case("suite 3, sealed so", outer(INNER, suite=3)),
    case("key kind 2, sealed so", outer(INNER, kind=2)),
    case("another context", GOOD, None, {"purpose": "Test"}),
    case("a context that is missing", GOOD, None, {}),
    case("a byte too many", GOOD + b"\0"),
    case("a byte less", GOOD[:-1]),
    case("nothing authenticated", outer(INNER, bind=b" ")),
]
for field, index in {"format": 0, "suite": 1, "key kind": 2, "key": 3, "material": 19, "m": 27,
                     "metadata": 28, "v": 30, "IV": 31, "tag": 43, "ciphertext": 59}.items():
    cases.append(case(f"a changed bit of the {field}", flip(GOOD, index)))
print(json.dumps(cases, indent=1, ensure_ascii=False))
