"""An authority like that of Nitro attestation, documents of its making, and the enclave's side of an
answer: by the Python package `cryptography` and the program `openssl`, none of it ours."""

import datetime
import os
import subprocess
import tempfile
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID

PROTECTED = bytes.fromhex("a1013822")


def cbor(value):
    """RFC 8949, as far as documents need it."""
    if value is None:
        return b"\xf6"
    if isinstance(value, int):
        return head(0, value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    pairs = b"".join(cbor(name) + cbor(member) for name, member in value.items())
    return head(5, len(value)) + pairs


def head(major, number):
    if number < 24:
        return bytes([major << 5 | number])
    size = next(size for size in (1, 2, 4, 8) if number < 1 << 8 * size)
    return bytes([major << 5 | 24 + size.bit_length() - 1]) + number.to_bytes(size, "big")


def certificate(name, key, issuer, authority):
    """A certificate for `key`, by `issuer`: a certificate and its key, or None for its own."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    usage = dict.fromkeys(
        ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
         "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"], False
    )
    usage["key_cert_sign" if authority else "digital_signature"] = True
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[0].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=3))
        .add_extension(x509.BasicConstraints(authority, None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
    )
    return builder.sign(issuer[1] if issuer else key, hashes.SHA384())


class Authority:
    """A root, an authority below it, and a certificate that signs documents."""

    def __init__(self, root=None):
        keys = [ec.generate_private_key(ec.SECP384R1()) for _ in range(3)]
        root = root or (certificate("aws.nitro-enclaves", keys[0], None, True), keys[0])
        zone = certificate("zone", keys[1], root, True)
        self.leaf = certificate("i-1-enc1", keys[2], (zone, keys[1]), False)
        self.bundle = [root[0], zone]
        self.key = keys[2]

    @classmethod
    def trusted(cls):
        """Below the root that the server was told to trust."""
        with open(os.environ["ATTESTATION_ROOT"], "rb") as file:
            root = x509.load_pem_x509_certificate(file.read())
        with open(os.environ["ATTESTATION_ROOT_KEY"], "rb") as file:
            return cls((root, serialization.load_pem_private_key(file.read(), None)))

    def document(self, public_key, **members):
        der = serialization.Encoding.DER
        claims = {
            "module_id": "i-0123456789abcdef0-enc0123456789abcdef",
            "digest": "SHA384",
            "timestamp": int(time.time() * 1000),
            "pcrs": {index: bytes([index]) * 48 for index in range(16)},
            "certificate": self.leaf.public_bytes(der),
            "cabundle": [one.public_bytes(der) for one in self.bundle],
            "public_key": public_key,
            "user_data": None,
            "nonce": None,
            **members,
        }
        payload = cbor({name: value for name, value in claims.items() if value is not ...})
        signed = cbor(["Signature1", PROTECTED, b"", payload])
        r, s = decode_dss_signature(self.key.sign(signed, ec.ECDSA(hashes.SHA384())))
        signature = r.to_bytes(48, "big") + s.to_bytes(48, "big")
        return cbor([PROTECTED, {}, payload, signature])


class Enclave:
    """Who holds the private key that answers are encrypted to."""

    def __init__(self, bits=2048):
        self.key = rsa.generate_private_key(65537, bits)
        spki = serialization.PublicFormat.SubjectPublicKeyInfo
        self.public = self.key.public_key().public_bytes(serialization.Encoding.DER, spki)

    def open(self, answer):
        """The content of a CMS EnvelopedData, by OpenSSL."""
        with tempfile.TemporaryDirectory(dir=os.environ.get("KMS_SCRATCH")) as directory:
            key = os.path.join(directory, "key.pem")
            with open(key, "wb") as file:
                file.write(
                    self.key.private_bytes(
                        serialization.Encoding.PEM,
                        serialization.PrivateFormat.PKCS8,
                        serialization.NoEncryption(),
                    )
                )
            done = subprocess.run(
                ["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-inkey", key],
                input=answer,
                capture_output=True,
            )
            assert done.returncode == 0, done.stderr
            return done.stdout


def recipient(document, algorithm="RSAES_OAEP_SHA_256"):
    return {"KeyEncryptionAlgorithm": algorithm, "AttestationDocument": document}

