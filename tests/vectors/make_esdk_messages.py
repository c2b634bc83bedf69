#!/usr/bin/env python3
"""Writes esdk-messages.json: messages that the official AWS Encryption SDK for Python makes, of every
algorithm suite and for every kind of raw key (pip install -r tests/requirements.txt)."""
import base64
import json
import pathlib

import aws_encryption_sdk
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import (
    AesWrappingAlg,
    CreateDefaultCryptographicMaterialsManagerInput,
    CreateMultiKeyringInput,
    CreateRawAesKeyringInput,
    CreateRawRsaKeyringInput,
    CreateRequiredEncryptionContextCMMInput,
    PaddingScheme,
)
from aws_encryption_sdk import CommitmentPolicy
from aws_encryption_sdk.identifiers import AlgorithmSuite
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

SUITES = {suite.algorithm_id: suite for suite in AlgorithmSuite}
PADDINGS = {
    "pkcs1": PaddingScheme.PKCS1,
    "oaep-sha1": PaddingScheme.OAEP_SHA1_MGF1,
    "oaep-sha256": PaddingScheme.OAEP_SHA256_MGF1,
    "oaep-sha384": PaddingScheme.OAEP_SHA384_MGF1,
    "oaep-sha512": PaddingScheme.OAEP_SHA512_MGF1,
}
AES_KEY = bytes(range(32))
PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PKCS8 = PRIVATE.private_bytes(
    serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
)
PEM = PRIVATE.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
CONTEXT = {"Tenant": "blau", "purpose": "interop", "ärger": "ü"}

providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
messages = []


def aes(name="aes"):
    return providers.create_raw_aes_keyring(
        CreateRawAesKeyringInput(
            key_namespace="raw",
            key_name=name,
            wrapping_key=AES_KEY,
            wrapping_alg=AesWrappingAlg.ALG_AES256_GCM_IV12_TAG16,
        )
    )


def to_rsa(padding):
    return providers.create_raw_rsa_keyring(
        CreateRawRsaKeyringInput(
            key_namespace="raw", key_name="rsa", padding_scheme=PADDINGS[padding], public_key=PEM
        )
    )


def add(suite, recipients, keyring, length, frame_length, required=()):
    policy = CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT
    if suite < 0x0400:
        policy = CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT
    client = aws_encryption_sdk.EncryptionSDKClient(commitment_policy=policy)
    source = {"keyring": keyring}
    if required:
        plain = providers.create_default_cryptographic_materials_manager(
            CreateDefaultCryptographicMaterialsManagerInput(keyring=keyring)
        )
        source = {
            "materials_manager": providers.create_required_encryption_context_cmm(
                CreateRequiredEncryptionContextCMMInput(
                    underlying_cmm=plain, required_encryption_context_keys=list(required)
                )
            )
        }
    plaintext = bytes(i % 251 for i in range(length))
    message, _ = client.encrypt(
        source=plaintext,
        algorithm=SUITES[suite],
        frame_length=frame_length,
        encryption_context=CONTEXT,
        **source,
    )
    messages.append(
        {
            "suite": f"{suite:04x}",
            "recipients": recipients,
            "plaintext-length": length,
            "frame-length": frame_length,
            "required": list(required),
            "message": base64.b64encode(message).decode(),
        }
    )


for suite in sorted(SUITES):
    for length, frame_length in [(300, 128), (256, 128), (0, 4096), (40, 0), (0, 0)]:
        add(suite, ["aes"], aes(), length, frame_length)
    add(suite, ["rsa oaep-sha256"], to_rsa("oaep-sha256"), 300, 128)
    add(suite, ["aes"], aes(), 300, 128, required=["purpose"])
for padding in PADDINGS:
    add(0x0478, [f"rsa {padding}"], to_rsa(padding), 300, 128)
both = CreateMultiKeyringInput(generator=aes(), child_keyrings=[to_rsa("oaep-sha512"), aes("third")])
for suite in (0x0478, 0x0578, 0x0214):
    recipients = ["aes", "rsa oaep-sha512", "third"]
    add(suite, recipients, providers.create_multi_keyring(both), 300, 128)

document = {
    "description": "made by tests/vectors/make_esdk_messages.py with the AWS Encryption SDK for Python",
    "aes-key": base64.b64encode(AES_KEY).decode(),
    "rsa-private-key": base64.b64encode(PKCS8).decode(),
    "context": CONTEXT,
    "messages": messages,
}
target = pathlib.Path(__file__).with_name("esdk-messages.json")
target.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
