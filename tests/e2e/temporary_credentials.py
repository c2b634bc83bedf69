"""Temporary credentials: GetCallerIdentity, GetSessionToken, and what sessions may do."""

import base64
import datetime
import json
import subprocess
import tempfile
import unittest

import authentication
import botocore.credentials
from sts_support import Device, StsCase, allow, code, codes, key_of, name, service
from support import ACCOUNT, ROOT, kms, policy, statement


class Sessions(StsCase):
    def test_everybody_may_ask_who_they_are(self):
        mine = service("sts").get_caller_identity()
        self.assertEqual((mine["Arn"], mine["UserId"], mine["Account"]), (ROOT, ACCOUNT, ACCOUNT))
        arn, who, key = self.someone()
        allow(who, "*", effect="Deny")
        mine = service("sts", key).get_caller_identity()
        self.assertEqual(mine["Arn"], arn)
        self.assertRegex(mine["UserId"], "^AIDA[A-Z2-7]{17}$")
        key = key_of(service("sts", key).get_session_token())
        self.assertEqual(service("sts", key).get_caller_identity()["Arn"], arn)

    def test_a_session_of_a_user_may_do_what_the_user_may(self):
        _, who, key = self.someone()
        answer = self.lasts(900, service("sts", key).get_session_token, DurationSeconds=900)
        self.assertRegex(answer["Credentials"]["AccessKeyId"], "^ASIA[A-Z2-7]{16}$")
        session = service("kms", key_of(answer))
        self.refused("AccessDeniedException", session.generate_random, NumberOfBytes=4)
        allow(who, "kms:GenerateRandom")
        session.generate_random(NumberOfBytes=4)
        # Policies are those of the moment, not of that of the session.
        allow(who, "kms:GenerateRandom", effect="Deny")
        self.refused("AccessDeniedException", session.generate_random, NumberOfBytes=4)

    def test_a_stolen_session_is_ended_while_the_server_runs(self):
        _, who, key = self.someone()
        allow(who, "kms:GenerateRandom")
        stolen, kept = (key_of(service("sts", key).get_session_token()) for _ in range(2))
        for session in (stolen, kept):
            service("kms", session).generate_random(NumberOfBytes=4)
        kms("session", "revoke", "--access-key", stolen[0])
        self.assertIn(stolen[0].encode(), kms("session", "list-revoked"))
        self.refused("UnrecognizedClientException", service("kms", stolen).generate_random, NumberOfBytes=4)
        service("kms", kept).generate_random(NumberOfBytes=4)

    def test_a_presigned_request_carries_its_token_in_the_query(self):
        _, who, key = self.someone()
        allow(who, "kms:GenerateRandom")
        session = key_of(service("sts", key).get_session_token())
        credentials = botocore.credentials.Credentials(*session)
        body = b'{"NumberOfBytes":4}'
        request = authentication.presigned("GenerateRandom", body, credentials=credentials)
        self.assertIn("X-Amz-Security-Token=", request.full_url)
        self.assertEqual(authentication.send(request)[0], 200)
        stripped = authentication.presigned("GenerateRandom", body, credentials=
                                            botocore.credentials.Credentials(*session[:2]))
        status, answer = authentication.send(stripped)
        self.assertEqual((status, authentication.code(answer)), (400, "UnrecognizedClientException"))

    def test_a_token_is_taken_as_it_was_given_with_its_own_key_alone(self):
        _, who, key = self.someone()
        allow(who, "kms:GenerateRandom")
        identity, secret, token = key_of(service("sts", key).get_session_token())
        other = key_of(service("sts", key).get_session_token())
        middle = len(token) // 2
        changed = token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1:]
        invalid = [
            (identity, secret), (identity, secret, changed), (identity, secret, token[:-4]),
            (identity, secret, token + "AAAA"), (identity, secret, other[2]),
            (other[0], secret, token), (*key, token), ("ASIAIOSFODNN7EXAMPLE", secret, token),
            (identity, secret, "made-up"),
        ]
        for credentials in invalid:
            call = service("kms", credentials).generate_random
            self.refused("UnrecognizedClientException", call, NumberOfBytes=4)
            call = service("sts", credentials).get_caller_identity
            self.fails("InvalidClientTokenId", 403, call)
        wrong = service("kms", (identity, other[1], token))
        self.refused("InvalidSignatureException", wrong.generate_random, NumberOfBytes=4)
        service("kms", (identity, secret, token)).generate_random(NumberOfBytes=4)

    def test_the_durations_are_aws_s(self):
        _, _, key = self.someone()
        sts = service("sts", key)
        for seconds in (899, 129601, 0):
            self.fails("ValidationError", 400, sts.get_session_token, DurationSeconds=seconds)
        longest = sts.get_session_token(DurationSeconds=129600)["Credentials"]["Expiration"]
        root = service("sts").get_session_token(DurationSeconds=7200)["Credentials"]["Expiration"]
        self.assertGreater(longest - root, datetime.timedelta(hours=34))

    def test_sessions_are_kept_from_iam_and_from_making_sessions(self):
        _, who, key = self.someone()
        allow(who, "iam:*", "sts:*")
        service("iam", key).list_users()
        session = key_of(service("sts", key).get_session_token())
        self.fails("InvalidClientTokenId", 403, service("iam", session).list_users)
        self.fails(
            "AccessDenied", 403, service("sts", session).get_session_token,
            contains="Cannot call GetSessionToken with session credentials",
        )

    def test_policies_ask_when_a_token_was_issued(self):
        _, who, key = self.someone()
        allow(who, "kms:GenerateRandom")
        session = service("kms", key_of(service("sts", key).get_session_token()))
        session.generate_random(NumberOfBytes=4)
        later = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=1)
        arn = self.key()
        revoke = statement(
            "*", "DescribeKey", effect="Deny",
            Condition={"DateLessThan": {"aws:TokenIssueTime": later.strftime("%Y-%m-%dT%H:%M:%SZ")}},
        )
        allow(who, "kms:DescribeKey", "kms:GenerateRandom")
        self.kms.put_key_policy(KeyId=arn, Policy=policy(revoke))
        self.refused("AccessDeniedException", session.describe_key, KeyId=arn)
        service("kms", key).describe_key(KeyId=arn)


class Mfa(StsCase):
    def test_a_device_lives_and_dies(self):
        arn, who, key = self.someone()
        iam = service("iam")
        label = name("mfa")
        made = iam.create_virtual_mfa_device(VirtualMFADeviceName=label, Path="/team/")
        made = made["VirtualMFADevice"]
        serial, seed = made["SerialNumber"], made["Base32StringSeed"]
        self.assertEqual(serial, f"arn:aws:iam::{ACCOUNT}:mfa/team/{label}")
        self.assertEqual(len(base64.b32decode(seed)), 40)
        self.fails(
            "EntityAlreadyExists", 409, iam.create_virtual_mfa_device,
            VirtualMFADeviceName=label.upper(),
        )
        enable = {"UserName": who, "SerialNumber": serial}

        def pair(*steps):
            return dict(zip(("AuthenticationCode1", "AuthenticationCode2"), codes(seed, *steps)))

        for steps in ((0, 0), (1, 0), (0, 2), (-30, -29)):
            self.fails(
                "InvalidAuthenticationCode", 403, iam.enable_mfa_device, **enable, **pair(*steps)
            )
        shown = pair(-2, -1)
        iam.enable_mfa_device(**enable, **shown)
        self.fails("EntityAlreadyExists", 409, iam.enable_mfa_device, **enable, **shown)
        mine, = iam.list_mfa_devices(UserName=who)["MFADevices"]
        self.assertEqual((mine["UserName"], mine["SerialNumber"]), (who, serial))
        assigned = iam.list_virtual_mfa_devices(AssignmentStatus="Assigned")["VirtualMFADevices"]
        found, = [one for one in assigned if one["SerialNumber"] == serial]
        self.assertNotIn("Base32StringSeed", found)
        self.fails("DeleteConflict", 409, iam.delete_virtual_mfa_device, SerialNumber=serial)
        iam.resync_mfa_device(**enable, **pair(0, 1))
        iam.deactivate_mfa_device(**enable)
        self.assertEqual(iam.list_mfa_devices(UserName=who)["MFADevices"], [])
        self.fails("NoSuchEntity", 404, iam.deactivate_mfa_device, **enable)
        iam.delete_virtual_mfa_device(SerialNumber=serial)
        self.fails("NoSuchEntity", 404, iam.delete_virtual_mfa_device, SerialNumber=serial)

    def test_a_code_makes_a_session_that_policies_can_ask_for(self):
        _, who, key = self.someone()
        device = Device(who)
        allow(who, "kms:GenerateRandom", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})
        sts = service("sts", key)
        self.refused("AccessDeniedException", service("kms", key).generate_random, NumberOfBytes=4)
        without = service("kms", key_of(sts.get_session_token()))
        self.refused("AccessDeniedException", without.generate_random, NumberOfBytes=4)
        shown = {"SerialNumber": device.serial, "TokenCode": device.code()}
        session = key_of(sts.get_session_token(**shown))
        service("kms", session).generate_random(NumberOfBytes=4)
        # Each code is taken once.
        self.fails(
            "AccessDenied", 403, sts.get_session_token, **shown,
            contains="MultiFactorAuthentication failed with invalid MFA one time pass code.",
        )
        allow(who, "iam:ListUsers")
        service("iam", session).list_users()

    def test_codes_of_others_and_wrong_ones_are_refused(self):
        _, who, key = self.someone()
        device = Device(who)
        _, _, stranger = self.someone()
        wrong = f"{(int(device.code()) + 1) % 1000000:06d}"
        unknown = f"arn:aws:iam::{ACCOUNT}:mfa/nobody"
        for credentials, serial, shown, words in (
            (stranger, device.serial, device.code(), "unable to validate MFA code"),
            (key, unknown, device.code(), "unable to validate MFA code"),
            (key, device.serial, wrong, "invalid MFA one time pass code"),
            (None, device.serial, device.code(), "unable to validate MFA code"),
        ):
            self.fails(
                "AccessDenied", 403, service("sts", credentials).get_session_token,
                SerialNumber=serial, TokenCode=shown, contains=words,
            )
        sts = service("sts", key)
        for more in ({"SerialNumber": device.serial}, {"TokenCode": device.code()}):
            self.fails("AccessDenied", 403, sts.get_session_token, **more, contains="must provide both")
        for shown in ("12345", "1234567", "abcdef"):
            self.fails(
                "ValidationError", 400, sts.get_session_token, SerialNumber=device.serial,
                TokenCode=shown,
            )

    def test_codes_cannot_be_guessed_without_end(self):
        _, who, key = self.someone()
        device = Device(who)
        sts = service("sts", key)
        near = codes(device.seed, *range(-3, 60))
        wrong = next(text for text in map(lambda n: f"{n:06d}", range(100)) if text not in near)
        for _ in range(10):
            self.fails(
                "AccessDenied", 403, sts.get_session_token, SerialNumber=device.serial,
                TokenCode=wrong,
            )
        self.fails(
            "AccessDenied", 403, sts.get_session_token, SerialNumber=device.serial,
            TokenCode=device.code(),
        )


class CommandLine(StsCase):
    """What an administrator types, through the unmodified AWS CLI."""

    def aws(self, *arguments, expect=0):
        done = subprocess.run(
            ["aws", *arguments, "--output", "json"], capture_output=True, text=True
        )
        self.assertEqual(done.returncode, expect, f"aws {arguments}: {done.stdout}{done.stderr}")
        return json.loads(done.stdout) if done.stdout.strip() else done.stderr

    def test_a_device_from_the_shell(self):
        _, who, key = self.someone()
        label = name("mfa")
        with tempfile.TemporaryDirectory() as directory:
            file = f"{directory}/seed"
            create = (
                "iam", "create-virtual-mfa-device", "--virtual-mfa-device-name", label,
                "--outfile", file, "--bootstrap-method", "Base32StringSeed",
            )
            made = self.aws(*create)["VirtualMFADevice"]
            with open(file) as written:
                seed = written.read()
            self.assertIn("(EntityAlreadyExists)", self.aws(*create, expect=255))
        serial = made["SerialNumber"]
        enable = ("iam", "enable-mfa-device", "--user-name", who, "--serial-number", serial)

        def pair(*steps):
            first, second = codes(seed, *steps)
            return "--authentication-code1", first, "--authentication-code2", second

        wrong = pair(40, 41)
        self.assertIn("(InvalidAuthenticationCode)", self.aws(*enable, *wrong, expect=255))
        self.aws(*enable, *pair(-2, -1))
        listed = self.aws("iam", "list-mfa-devices", "--user-name", who)["MFADevices"]
        self.assertEqual([one["SerialNumber"] for one in listed], [serial])
        sts = service("sts", key)
        answer = sts.get_session_token(SerialNumber=serial, TokenCode=code(seed))
        allow(who, "kms:GenerateRandom", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})
        service("kms", key_of(answer)).generate_random(NumberOfBytes=4)
        self.assertIn("(DeleteConflict)", self.aws(
            "iam", "delete-virtual-mfa-device", "--serial-number", serial, expect=255
        ))
        self.aws("iam", "deactivate-mfa-device", "--user-name", who, "--serial-number", serial)
        self.aws("iam", "delete-virtual-mfa-device", "--serial-number", serial)

    def test_a_provider_from_the_shell(self):
        url = f"https://{name('oidc')}.example/id"
        create = (
            "iam", "create-open-id-connect-provider", "--url", url, "--client-id-list", "kms", "shop",
            "--thumbprint-list", "0" * 40,
        )
        arn = self.aws(*create)["OpenIDConnectProviderArn"]
        self.assertEqual(arn, f"arn:aws:iam::{ACCOUNT}:oidc-provider/{url[8:]}")
        self.assertIn("(EntityAlreadyExists)", self.aws(*create, expect=255))
        own = ("--open-id-connect-provider-arn", arn)
        found = self.aws("iam", "get-open-id-connect-provider", *own)
        self.assertEqual(sorted(found["ClientIDList"]), ["kms", "shop"])
        listed = self.aws("iam", "list-open-id-connect-providers")["OpenIDConnectProviderList"]
        self.assertIn({"Arn": arn}, listed)
        self.aws("iam", "delete-open-id-connect-provider", *own)
        said = self.aws("iam", "get-open-id-connect-provider", *own, expect=255)
        self.assertIn("(NoSuchEntity)", said)
        for wrong in ("http://192.0.2.1", "https://oidc.example?x=1"):
            said = self.aws("iam", "create-open-id-connect-provider", "--url", wrong, expect=255)
            self.assertIn("(InvalidInput)", said)

    def test_sessions_from_the_shell(self):
        self.assertEqual(self.aws("sts", "get-caller-identity")["Arn"], ROOT)
        given = self.aws("sts", "get-session-token", "--duration-seconds", "900")["Credentials"]
        session = given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]
        self.assertEqual(service("sts", session).get_caller_identity()["Arn"], ROOT)
        role = name("role")
        trust = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ROOT}}
        ]}
        made = self.aws(
            "iam", "create-role", "--role-name", role,
            "--assume-role-policy-document", json.dumps(trust),
        )["Role"]["Arn"]
        said = self.aws(
            "sts", "assume-role", "--role-arn", made, "--role-session-name", "one", expect=255
        )
        self.assertIn("Roles may not be assumed by root accounts.", said)
        said = self.aws("sts", "get-federation-token", "--name", "guest", expect=255)
        self.assertIn("(AccessDenied)", said)


if __name__ == "__main__":
    unittest.main()
