"""The AWS Encryption SDK for Python over one file, with a key in a file: python peers.py e|d KEY IN OUT."""

import sys

import aws_encryption_sdk
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import AesWrappingAlg, CreateRawAesKeyringInput

mode, key, source, target = sys.argv[1:]
with open(key, "rb") as file:
    wrapping_key = file.read()
providers = AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())
keyring = providers.create_raw_aes_keyring(
    CreateRawAesKeyringInput(
        key_namespace="bench",
        key_name="bench",
        wrapping_key=wrapping_key,
        wrapping_alg=AesWrappingAlg.ALG_AES256_GCM_IV12_TAG16,
    )
)
client = aws_encryption_sdk.EncryptionSDKClient(
    commitment_policy=aws_encryption_sdk.CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT
)
options = {"frame_length": 65536} if mode == "e" else {}
if mode == "e":
    # The suite that kms writes: without a signature.
    options["algorithm"] = aws_encryption_sdk.Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY
with open(source, "rb") as plain, open(target, "wb") as out:
    with client.stream(mode=mode, source=plain, keyring=keyring, **options) as stream:
        for chunk in stream:
            out.write(chunk)
