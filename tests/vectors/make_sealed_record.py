#!/usr/bin/env python3
"""Writes sealed-record.json: the formats of docs/spec/{key-hierarchy,sealed-record,store}.md,
implemented a second time over another library (pip install cryptography blake3)."""
import hashlib
import hmac
import json
import pathlib
import struct

from blake3 import blake3
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand


def extract(key):
    return hmac.new(bytes(32), key, hashlib.sha256).digest()


def expand(prk, info):
    return HKDFExpand(SHA256(), 32, info).derive(prk)


def bind(*fields):
    return b"".join(struct.pack(">I", len(field)) + field for field in fields)


def number(value):
    return struct.pack(">Q", value)


ROOT_KEY = bytes(range(32))
STORE_ID = bytes(range(16, 32))
NONCE = bytes(range(100, 112))
KINDS = {"head": 1, "account": 2, "user": 3, "access-key": 4, "key": 5, "material": 6,
         "alias": 7, "grant": 8, "outbox": 9, "setting": 10}


def purpose(name):
    return expand(extract(ROOT_KEY), b"kms/v1/" + name)


def seal(key, binding, plaintext, nonce=NONCE, form=1, generation=1, header_bound=True):
    header = bytes([form]) + struct.pack(">I", generation) + nonce
    sealing_key = expand(extract(key), nonce + binding)
    aad = (header if header_bound else b"") + binding
    return header + AESGCM(sealing_key).encrypt(nonce, plaintext, aad)


def record(path, revision, kind, plaintext, version=1, store=STORE_ID, key=b"record", **how):
    binding = bind(store, path.encode(), number(revision), bytes([KINDS[kind]]), bytes([version]))
    return seal(purpose(key), binding, plaintext, **how)


BODY = b'{"state":"Enabled"}'
PATH = "key/1234abcd-12ab-34cd-56ef-1234567890ab"


def case(name, sealed, opens=None, path=PATH, revision=7, kind="key"):
    found = {"name": name, "path": path, "revision": revision, "kind": kind, "sealed": sealed.hex()}
    found["plaintext"] = None if opens is None else opens.hex()
    return found


def flip(sealed, position):
    altered = bytearray(sealed)
    altered[position] ^= 1
    return bytes(altered)


good = record(PATH, 7, "key", BODY)
records = [case("a key record", good, BODY)]
for kind in KINDS:
    path = "head" if kind == "head" else kind + "/a"
    records.append(case(f"kind {kind}", record(path, 1, kind, BODY), BODY, path, 1, kind))
records += [
    case("no content", record(PATH, 7, "key", b""), b""),
    case("revision 0", record(PATH, 0, "key", BODY), BODY, revision=0),
    case("the last revision", record(PATH, 2**64 - 1, "key", BODY), BODY, revision=2**64 - 1),
    case("another path", good, path=PATH[:-1] + "c"),
    case("a path that starts alike", good, path=PATH + "0"),
    case("no path", good, path=""),
    case("the revision before", good, revision=6),
    case("the revision after", good, revision=8),
    case("another kind", good, kind="alias"),
    case("another store", record(PATH, 7, "key", BODY, store=bytes(16))),
    case("another version of the kind", record(PATH, 7, "key", BODY, version=2)),
    case("format 0", record(PATH, 7, "key", BODY, form=0)),
    case("format 2", record(PATH, 7, "key", BODY, form=2)),
    case("generation 0", record(PATH, 7, "key", BODY, generation=0)),
    case("generation 2", record(PATH, 7, "key", BODY, generation=2)),
    case("the header not bound", record(PATH, 7, "key", BODY, header_bound=False)),
    case("the material key", record(PATH, 7, "key", BODY, key=b"material")),
    case("the record key itself", good[:17] + AESGCM(purpose(b"record")).encrypt(NONCE, BODY, good[:17])),
    case("no bytes", b""),
    case("the header alone", good[:17]),
    case("a cut tag", good[:-1]),
    case("a cut content", good[:17] + good[18:]),
    case("a byte too many", good + b"\0"),
]
places = {"generation": 4, "first nonce byte": 5, "last nonce byte": 16, "content": 17, "tag": -1}
records += [case(f"a flipped bit: {name}", flip(good, position)) for name, position in places.items()]

KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
MATERIAL_ID = "5a" * 32
MATERIAL = bytes(range(200, 232))


def wrap(material, key=KEY_ID, material_id=MATERIAL_ID, store=STORE_ID):
    return seal(purpose(b"material"), bind(store, key.encode(), material_id.encode()), material)


def material_case(name, wrapped, opens=None, key=KEY_ID, material_id=MATERIAL_ID):
    return {"name": name, "key": key, "material_id": material_id, "wrapped": wrapped.hex(),
            "material": None if opens is None else opens.hex()}


MRK = "mrk-1234abcd12ab34cd56ef1234567890ab"
wrapped = wrap(MATERIAL)
materials = [
    material_case("a material", wrapped, MATERIAL),
    material_case("of a multi-Region key", wrap(MATERIAL, key=MRK), MATERIAL, key=MRK),
    material_case("of another key", wrapped, key=MRK),
    material_case("another material", wrapped, material_id="5b" + "5a" * 31),
    material_case("of another store", wrap(MATERIAL, store=bytes(16))),
    material_case("a material of 16 bytes", wrap(MATERIAL[:16])),
    material_case("a material of 33 bytes", wrap(MATERIAL + b"\0")),
    material_case("a flipped bit", flip(wrapped, 20)),
    material_case("cut short", wrapped[:-1]),
    material_case("a record", record(PATH, 7, "key", MATERIAL)),
]


def wrap_secret(secret, key=KEY_ID, material_id=MATERIAL_ID, spec="HMAC_512", store=STORE_ID):
    binding = bind(store, key.encode(), material_id.encode(), spec.encode())
    return seal(purpose(b"material"), binding, secret)


def secret_case(name, wrapped, opens=None, spec="HMAC_512", **where):
    found = material_case(name, wrapped, **where)
    del found["material"]
    return {**found, "spec": spec, "secret": None if opens is None else opens.hex()}


SECRET = bytes(range(64))
secrets = [
    secret_case("an HMAC key", wrap_secret(SECRET), SECRET),
    secret_case("a private key", wrap_secret(SECRET * 30, spec="RSA_4096"), SECRET * 30, "RSA_4096"),
    secret_case("of another key", wrap_secret(SECRET), key=MRK),
    secret_case("another material", wrap_secret(SECRET), material_id="5b" + "5a" * 31),
    secret_case("of another spec", wrap_secret(SECRET, spec="HMAC_384")),
    secret_case("of another store", wrap_secret(SECRET, store=bytes(16))),
    secret_case("a symmetric material", wrapped),
    secret_case("a flipped bit", flip(wrap_secret(SECRET), 20)),
]


GRANT = ("0f" * 32 + " arn:aws:kms:us-east-1:111122223333:" + PATH).encode()


def token(content=GRANT, key=b"grant", store=STORE_ID, **how):
    return seal(purpose(key), bind(store), content, **how)


good_token = token()
tokens = [
    ("a token", good_token, GRANT),
    ("of another store", token(store=bytes(16)), None),
    ("the token key", token(key=b"token"), None),
    ("the record key", token(key=b"record"), None),
    ("format 0", token(form=0), None),
    ("format 2", token(form=2), None),
    ("generation 2", token(generation=2), None),
    ("the header not bound", token(header_bound=False), None),
    ("a flipped bit of the nonce", flip(good_token, 5), None),
    ("a flipped bit of the content", flip(good_token, 20), None),
    ("a flipped bit of the tag", flip(good_token, -1), None),
    ("a cut tag", good_token[:-1], None),
    ("a byte too many", good_token + b"\0", None),
    ("the header alone", good_token[:17], None),
    ("no bytes", b"", None),
    ("a record", record(PATH, 7, "key", GRANT), None),
]


def seal_of(sealed):
    return sealed[5:17] + sealed[-16:]


def element(path, revision, seal):
    fields = bind(path.encode(), number(revision), seal)
    return blake3(fields, key=purpose(b"set")).digest()


elements = [
    {"path": path, "revision": revision, "seal": seal.hex(),
     "element": element(path, revision, seal).hex()}
    for path, revision, seal in [(PATH, 7, seal_of(good)), ("alias/a", 1, bytes(28))]
]

GUARD = bytes(range(64, 96))
SALT = bytes(range(128, 160))


def ring(generations, active=1, form=1, store=STORE_ID):
    entries = b"".join(struct.pack(">I", number) + key for number, key in generations)
    return bytes([form]) + store + struct.pack(">II", active, len(generations)) + entries


def blob(secret, provider=1, parameters=b"", version=1, magic=b"kms-seal", bound=True):
    header = magic + bytes([version, provider]) + struct.pack(">H", len(parameters)) + parameters + SALT
    key = expand(extract(GUARD), b"kms/v1/seal" + bytes([provider]) + SALT)
    return header + AESGCM(key).encrypt(bytes(12), secret, header if bound else b"")


ONE = ring([(1, ROOT_KEY)])
TWO = ring([(1, ROOT_KEY), (3, bytes(32))], active=3)
sealed_ring = blob(ONE)
rings = [
    ("one generation", sealed_ring, ONE),
    ("two generations", blob(TWO), TWO),
    ("another magic", blob(ONE, magic=b"kms-sea1"), None),
    ("version 0", blob(ONE, version=0), None),
    ("version 2", blob(ONE, version=2), None),
    ("an unknown provider", blob(ONE, provider=3), None),
    ("the passphrase's provider", blob(ONE, provider=2, parameters=struct.pack(">III", 64, 1, 1)), None),
    ("parameters where there are none", blob(ONE, parameters=b"\0"), None),
    ("the header not bound", blob(ONE, bound=False), None),
    ("a flipped bit of the salt", flip(sealed_ring, 12), None),
    ("a flipped bit of the content", flip(sealed_ring, 50), None),
    ("a cut tag", sealed_ring[:-1], None),
    ("a byte too many", sealed_ring + b"\0", None),
    ("no bytes", b"", None),
    ("a ring of no generation", blob(ring([], active=0)), None),
    ("an active generation that is not held", blob(ring([(1, ROOT_KEY)], active=2)), None),
    ("generation 0", blob(ring([(0, ROOT_KEY)], active=0)), None),
    ("generations out of order", blob(ring([(2, ROOT_KEY), (1, ROOT_KEY)])), None),
    ("a generation twice", blob(ring([(1, ROOT_KEY), (1, ROOT_KEY)])), None),
    ("a ring of format 2", blob(ring([(1, ROOT_KEY)], form=2)), None),
    ("a ring and a byte", blob(ONE + b"\0"), None),
    ("half a ring", blob(ONE[:40]), None),
]

vectors = {
    "ring": ONE.hex(),
    "key_file": GUARD.hex(),
    "ledger_seed": purpose(b"ledger").hex(),
    "records": records,
    "materials": materials,
    "secrets": secrets,
    "grant_tokens": [
        {"name": name, "sealed": sealed.hex(), "content": None if opens is None else opens.hex()}
        for name, sealed, opens in tokens
    ],
    "set_elements": elements,
    "sealed_rings": [
        {"name": name, "sealed": sealed.hex(), "ring": None if opens is None else opens.hex()}
        for name, sealed, opens in rings
    ],
}
target = pathlib.Path(__file__).with_name("sealed-record.json")
target.write_text(json.dumps(vectors, indent=1) + "\n")
