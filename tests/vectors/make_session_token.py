#!/usr/bin/env python3
"""Writes session-token.json: docs/spec/session-token.md, implemented a second time over another
library (pip install cryptography)."""
import base64
import hashlib
import hmac
import json
import pathlib
import struct

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

ROOT_KEY = bytes(range(32))
STORE_ID = bytes(range(16, 32))
NONCE = bytes(range(100, 112))
ID = "ASIAIOSFODNN7EXAMPLE"


def extract(key):
    return hmac.new(bytes(32), key, hashlib.sha256).digest()


def expand(prk, info, length=32):
    return HKDFExpand(SHA256(), length, info).derive(prk)


def bind(*fields):
    return b"".join(struct.pack(">I", len(field)) + field for field in fields)


def purpose(name):
    return expand(extract(ROOT_KEY), b"kms/v1/" + name)


def seal(content, id=ID, form=1, generation=1, key=b"session", store=STORE_ID):
    binding = bind(store, id.encode())
    header = bytes([form]) + struct.pack(">I", generation) + NONCE
    sealing = expand(extract(purpose(key)), NONCE + binding)
    return header + AESGCM(sealing).encrypt(NONCE, content, header + binding)


SECRET = base64.b64encode(
    expand(extract(purpose(b"session-secret")), NONCE + bind(STORE_ID, ID.encode()), 30)
).decode()


def text(value):
    raw = value.encode() if isinstance(value, str) else value
    return struct.pack(">H", len(raw)) + raw


def moment(seconds):
    return struct.pack(">q", seconds)


def head(kind, *entity, version=1, account="111122223333"):
    return bytes([version, kind]) + text(account) + b"".join(map(text, entity))


TIMES = moment(1800000000) + moment(1800003600)
NOTHING = TIMES + b"\0" + b"\0" + b"\0"
ROLE = head(1, "AROAAAAAAAAAAAAAAAAAA", "/", "app", "sess")
USER = head(2, "AIDAAAAAAAAAAAAAAAAAA", "/team/", "alice")
FEDERATED = head(3, "AIDAAAAAAAAAAAAAAAAAA", "/", "alice", "guest")
ROOT = head(4)
WEB = text("oidc.example/id") + b"\2" + text("aud") + b"\1" + text("sts") + text("sub") + b"\1" + text("x")
FULL = (ROLE + TIMES + b"\x1f" + moment(1799999999) + text("AKIAIOSFODNN7EXAMPLE") + text("alice")
        + text("{}") + b"\1" + text("arn:aws:iam::111122223333:policy/p")
        + b"\2" + text("a") + text("1") + b"\1" + text("b") + text("") + b"\0" + WEB)
TAG = text("a") + text("1") + b"\0"

cases = []


def case(name, token, principal=None, access_key_id=ID):
    shown = base64.b64encode(token).decode() if isinstance(token, bytes) else token
    cases.append({
        "name": name, "access_key_id": access_key_id, "token": shown, "principal": principal,
        "secret": SECRET if principal else None,
    })


ARN = "arn:aws:sts::111122223333:assumed-role/app/sess"
case("a session of a role", seal(ROLE + NOTHING), ARN)
case("a session with everything", seal(FULL), ARN)
case("a user", seal(USER + NOTHING), "arn:aws:iam::111122223333:user/team/alice")
case("a federated user", seal(FEDERATED + NOTHING), "arn:aws:sts::111122223333:federated-user/guest")
case("the root user", seal(ROOT + NOTHING), "arn:aws:iam::111122223333:root")

good = seal(ROLE + NOTHING)
for place in (0, 4, 5, 16, 17, len(good) - 17, len(good) - 1):
    altered = bytearray(good)
    altered[place] ^= 1
    case(f"byte {place} altered", bytes(altered))
for length in (0, 1, 16, 32, 33, len(good) - 1):
    case(f"cut to {length} bytes", good[:length])
case("a byte more", good + b"\0")
case("of another access key", seal(ROLE + NOTHING, id="ASIAIOSFODNN7EXAMPLF"))
case("brought with another access key", good, access_key_id="ASIAIOSFODNN7EXAMPLF")
case("of another store", seal(ROLE + NOTHING, store=bytes(16)))
case("sealed as a grant token", seal(ROLE + NOTHING, key=b"grant"))
case("sealed with the key of secrets", seal(ROLE + NOTHING, key=b"session-secret"))
case("of generation 2", seal(ROLE + NOTHING, generation=2))
case("of format 2", seal(ROLE + NOTHING, form=2))
case("not base64", "!" + base64.b64encode(good).decode()[1:])
case("with padding that it does not need", base64.b64encode(good).decode().rstrip("=") + "===")
case("with a line feed", base64.b64encode(good).decode() + "\n")
case("for URLs", base64.urlsafe_b64encode(seal(b"\xff" * 8190)).decode())
case("too long", base64.b64encode(seal(USER + TIMES + b"\x08" + text("x" * 8192) + b"\0\0")).decode())
for name, content in {
    "empty": b"",
    "version 0": head(4, version=0) + NOTHING,
    "version 2": head(4, version=2) + NOTHING,
    "kind 0": head(0) + NOTHING,
    "kind 5": head(5) + NOTHING,
    "an account of 11 digits": head(4, account="11112222333") + NOTHING,
    "an account of letters": head(4, account="a" * 12) + NOTHING,
    "a role without a session name": head(1, "AROAAAAAAAAAAAAAAAAAA", "/", "app", "") + NOTHING,
    "a session name with a slash": head(1, "AROAAAAAAAAAAAAAAAAAA", "/", "app", "a/b") + NOTHING,
    "a unique id that is none": head(2, "alice", "/", "alice") + NOTHING,
    "a path without a slash": head(2, "AIDAAAAAAAAAAAAAAAAAA", "team", "alice") + NOTHING,
    "a name that is no UTF-8": head(2, "AIDAAAAAAAAAAAAAAAAAA", "/", b"\xff") + NOTHING,
    "an unknown flag": ROOT + TIMES + b"\x20\0\0",
    "a flag without its field": ROOT + TIMES + b"\x01\0\0",
    "a field without its flag": ROOT + TIMES + b"\x00" + moment(1) + b"\0\0",
    "an issuer that is no access key": ROOT + TIMES + b"\x02" + text("me") + b"\0\0",
    "a source identity with a space": ROOT + TIMES + b"\x04" + text("a b") + b"\0\0",
    "fewer policies than counted": ROOT + TIMES + b"\0\2" + text("a") + b"\0",
    "fewer tags than counted": ROOT + TIMES + b"\0\0\2" + TAG,
    "a tag twice": ROOT + TIMES + b"\0\0\2" + TAG + TAG,
    "tags out of order": ROOT + TIMES + b"\0\0\2" + text("b") + text("") + b"\0" + TAG,
    "a tag that is transitive twice": ROOT + TIMES + b"\0\0\1" + text("a") + text("1") + b"\2",
    "a claim without values": ROOT + TIMES + b"\x10\0\0" + text("p") + b"\1" + text("a") + b"\0",
    "claims out of order": ROOT + TIMES + b"\x10\0\0" + text("p") + b"\2" + text("b") + b"\1"
    + text("") + text("a") + b"\1" + text(""),
    "a moment out of range": ROOT + moment(2**63 - 1) + moment(0) + b"\0\0\0",
    "bytes that follow": ROOT + NOTHING + b"\0",
    "a text longer than the content": ROOT + TIMES + b"\x08\xff\xffx",
}.items():
    case(name, seal(content))

vectors = {"root_key": ROOT_KEY.hex(), "store_id": STORE_ID.hex(), "tokens": cases}
target = pathlib.Path(__file__).with_name("session-token.json")
target.write_text(json.dumps(vectors, indent=1) + "\n")
