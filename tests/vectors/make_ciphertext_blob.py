"""Makes ciphertext-blob.json from docs/spec/ciphertext-blob.md alone, with another library.

Usage: python3 make_ciphertext_blob.py > ciphertext-blob.json    (needs the package `cryptography`)
"""

import hashlib
import hmac
import json

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY = bytes.fromhex("1234abcd12ab34cd56ef1234567890ab")
MATERIAL = bytes(range(8))
BACKING_KEY = bytes(range(32))
INFO = b"kms/v1/ciphertext"


def expand(prk, info, length):
    block, output, counter = b"", b"", 1
    while len(output) < length:
        block = hmac.new(prk, block + info + bytes([counter]), hashlib.sha256).digest()
        output, counter = output + block, counter + 1
    return output[:length]


def serialise(context):
    if not context:
        return b""
    text = len(context).to_bytes(2, "big")
    for key, value in sorted(context.items(), key=lambda pair: pair[0].encode()):
        for part in (key.encode(), value.encode()):
            text += len(part).to_bytes(2, "big") + part
    return text


def seal(plaintext, context, kind=0, nonce=bytes(32), backing_key=BACKING_KEY, commit=None,
         format=1, suite=1):
    prk = hmac.new(bytes(32), backing_key, hashlib.sha256).digest()
    start = bytes([format, suite, kind]) + KEY + MATERIAL + nonce
    keys = expand(prk, INFO + start, 64)
    header = start + (commit or keys[32:])
    return header + AESGCM(keys[:32]).encrypt(bytes(12), plaintext, header + serialise(context))


def flip(blob, index):
    return blob[:index] + bytes([blob[index] ^ 1]) + blob[index + 1:]


def case(name, blob, context, plaintext=None):
    row = {"name": name, "backingKey": BACKING_KEY.hex(), "context": context, "blob": blob.hex()}
    if plaintext is not None:
        row["plaintext"] = plaintext.hex()
    return row


CONTEXT = {"purpose": "test", "Äpfel": "Birnen", "a": ""}
GOOD = seal(b"attack at dawn", CONTEXT)
FIELDS = {"format": 0, "suite": 1, "key kind": 2, "key": 3, "material": 19, "nonce": 27,
          "commitment": 59, "ciphertext": 91, "tag": len(GOOD) - 1}

cases = [
    case("no context", seal(b"attack at dawn", {}), {}, b"attack at dawn"),
    case("a context in the order of its bytes", GOOD, CONTEXT, b"attack at dawn"),
    case("a multi-Region key", seal(b"x", {}, kind=1), {}, b"x"),
    case("one byte", seal(b"\0", {}, nonce=b"\xff" * 32), {}, b"\0"),
    case("4096 bytes", seal(bytes(4096), {}), {}, bytes(4096)),
    case("no plaintext", seal(b"", {}), {}),
    case("4097 bytes", seal(bytes(4097), {}), {}),
    case("nothing", b"", {}),
    case("another backing key", seal(b"x", {}, backing_key=b"\1" * 32), {}),
    case("a commitment to another key", seal(b"x", {}, commit=bytes(32)), {}),
    case("format 0, sealed so", seal(b"x", {}, format=0), {}),
    case("format 2, sealed so", seal(b"x", {}, format=2), {}),
    case("suite 2, sealed so", seal(b"x", {}, suite=2), {}),
    case("key kind 2, sealed so", seal(b"x", {}, kind=2), {}),
    case("a context that is missing", GOOD, {}),
    case("a pair too many", GOOD, {**CONTEXT, "b": "c"}),
    case("a value in another case", GOOD, {**CONTEXT, "purpose": "Test"}),
    case("a pair less", GOOD, {"purpose": "test"}),
    case("a context where there was none", seal(b"x", {}), {"a": ""}),
    case("a byte more", GOOD + b"\0", CONTEXT),
    case("a byte less", GOOD[:-1], CONTEXT),
    case("the header alone", GOOD[:91], CONTEXT),
    case("the header and a tag", GOOD[:91] + GOOD[-16:], CONTEXT),
]
cases += [case(f"a bit flipped in {name}", flip(GOOD, at), CONTEXT) for name, at in FIELDS.items()]
print(json.dumps(cases, indent=1, ensure_ascii=False))
