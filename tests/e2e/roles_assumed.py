"""Sessions of roles and of federated users: who gets one, and what it may do."""

import configparser
import json
import os
import pty
import subprocess
import sys
import tempfile
import termios
import time
import unittest

from sts_support import Device, StsCase, allow, key_of, name, service
from support import ACCOUNT, REGION, ROOT, kms, policy, statement

ROLE = f"arn:aws:iam::{ACCOUNT}:role"


def trust(principal, *actions, effect="Allow", **more):
    return {
        "Effect": effect, "Principal": principal, **more,
        "Action": list(actions or ("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity")),
    }


def document(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def at_terminal(command, environment, code):
    """What a command prints at a terminal, where it is given a code once it asks for one."""
    child, terminal = pty.fork()
    if child == 0:
        os.execvpe(command[0], command, environment)
    printed, answered = "", False
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:
            part = b""
        if not part:
            break
        printed += part.decode()
        if not answered and "MFA code" in printed:
            # What was typed before the echo is off would be thrown away.
            while termios.tcgetattr(terminal)[3] & termios.ECHO:
                time.sleep(0.01)
            os.write(terminal, (code() + "\n").encode())
            answered = True
    os.waitpid(child, 0)
    return printed


class Roles(StsCase):
    def role(self, *statements, **more):
        """A new role that may call GenerateRandom: its name."""
        made = name("role")
        service("iam").create_role(
            RoleName=made, AssumeRolePolicyDocument=document(*statements), **more
        )
        self.permits(made, "kms:GenerateRandom")
        return made

    def permits(self, role, *actions, effect="Allow", **more):
        service("iam").put_role_policy(
            RoleName=role, PolicyName="p", PolicyDocument=document(
                {"Effect": effect, "Action": actions, "Resource": "*", **more}
            )
        )

    def assume(self, key, role, **more):
        return service("sts", key).assume_role(
            RoleArn=f"{ROLE}/{role}", RoleSessionName="sess", **more
        )

    def denied(self, key, role, contains=None, **more):
        self.fails(
            "AccessDenied", 403, service("sts", key).assume_role, contains=contains,
            RoleArn=f"{ROLE}/{role}", RoleSessionName="sess", **more,
        )


class AssumeRole(Roles):
    def test_whoever_the_role_trusts_gets_a_session_of_it(self):
        arn, who, key = self.someone()
        role = self.role(trust({"AWS": arn}))
        answer = self.lasts(
            3600, service("sts", key).assume_role, RoleArn=f"{ROLE}/{role}", RoleSessionName="sess"
        )
        session = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/sess"
        self.assertEqual(answer["AssumedRoleUser"]["Arn"], session)
        self.assertRegex(answer["AssumedRoleUser"]["AssumedRoleId"], "^AROA[A-Z2-7]{17}:sess$")
        self.assertNotIn("PackedPolicySize", answer)
        mine = service("sts", key_of(answer)).get_caller_identity()
        self.assertEqual((mine["Arn"], mine["UserId"]), (session, answer["AssumedRoleUser"]["AssumedRoleId"]))
        service("kms", key_of(answer)).generate_random(NumberOfBytes=4)
        refused = service("kms", key_of(answer)).list_keys
        self.refused("AccessDeniedException", refused, contains=f"User: {session} is not authorized")
        self.permits(role, "kms:GenerateRandom", effect="Deny")
        refused = service("kms", key_of(answer)).generate_random
        self.refused("AccessDeniedException", refused, NumberOfBytes=4)

    def test_others_do_not(self):
        arn, _, _ = self.someone()
        role = self.role(trust({"AWS": arn}))
        _, who, stranger = self.someone()
        allow(who, "sts:AssumeRole")
        self.denied(
            stranger, role,
            contains="because no role trust policy allows the sts:AssumeRole action",
        )
        self.denied(stranger, name("absent"), contains="is not authorized to perform: sts:AssumeRole")
        self.denied(None, role, contains="Roles may not be assumed by root accounts.")

    def test_an_account_that_is_trusted_says_by_its_own_policies_who_may(self):
        _, who, key = self.someone()
        role = self.role(trust({"AWS": ROOT}))
        self.denied(key, role, contains="because no identity-based policy allows")
        allow(who, "sts:AssumeRole", resource=f"{ROLE}/{role}")
        self.assume(key, role)
        allow(who, "sts:AssumeRole", effect="Deny")
        self.denied(key, role, contains="with an explicit deny in an identity-based policy")

    def test_an_external_id_is_asked_for(self):
        arn, _, key = self.someone()
        role = self.role(trust(
            {"AWS": arn}, "sts:AssumeRole", Condition={"StringEquals": {"sts:ExternalId": "42-x"}}
        ))
        self.denied(key, role)
        self.denied(key, role, ExternalId="43-x")
        self.assume(key, role, ExternalId="42-x")

    def test_the_durations_are_aws_s(self):
        arn, _, key = self.someone()
        role = self.role(trust({"AWS": arn}), MaxSessionDuration=7200)
        for seconds in (899, 43201, 7201):
            self.fails(
                "ValidationError", 400, service("sts", key).assume_role, RoleArn=f"{ROLE}/{role}",
                RoleSessionName="sess", DurationSeconds=seconds,
            )
        self.assume(key, role, DurationSeconds=7200)

    def test_names_are_checked(self):
        arn, _, key = self.someone()
        role = self.role(trust({"AWS": arn}))
        for session in ("a", "a b", "a/b", "x" * 65):
            self.fails(
                "ValidationError", 400, service("sts", key).assume_role, RoleArn=f"{ROLE}/{role}",
                RoleSessionName=session,
            )
        for wrong in ("app", f"{ROLE}/path/{role}", f"arn:aws:iam::999999999999:role/{role}"):
            self.fails(
                "AccessDenied", 403, service("sts", key).assume_role, RoleArn=wrong,
                RoleSessionName="sess",
            )

    def test_a_session_policy_only_takes_away(self):
        arn, _, key = self.someone()
        role = self.role(trust({"AWS": arn}))
        self.permits(role, "kms:GenerateRandom", "kms:ListKeys")
        narrow = document({"Effect": "Allow", "Action": "kms:ListKeys", "Resource": "*"})
        answer = self.assume(key, role, Policy=narrow)
        self.assertGreater(answer["PackedPolicySize"], 0)
        session = service("kms", key_of(answer))
        session.list_keys()
        self.refused(
            "AccessDeniedException", session.generate_random, NumberOfBytes=4,
            contains="because no session policy allows the kms:GenerateRandom action",
        )
        # What the session policy alone allows is nothing.
        wide = document({"Effect": "Allow", "Action": "kms:*", "Resource": "*"})
        session = service("kms", key_of(self.assume(key, role, Policy=wide)))
        self.refused("AccessDeniedException", session.list_aliases)
        managed = service("iam").create_policy(PolicyName=name("p"), PolicyDocument=narrow)
        arns = [{"arn": managed["Policy"]["Arn"]}]
        session = service("kms", key_of(self.assume(key, role, PolicyArns=arns)))
        session.list_keys()
        self.refused("AccessDeniedException", session.generate_random, NumberOfBytes=4)
        self.fails(
            "MalformedPolicyDocument", 400, service("sts", key).assume_role,
            RoleArn=f"{ROLE}/{role}", RoleSessionName="sess", Policy="{}",
        )

    def test_a_key_policy_names_roles_and_sessions(self):
        arn, _, key = self.someone()
        role = self.role(trust({"AWS": arn}))
        session = service("kms", key_of(self.assume(key, role)))
        found = self.key()
        self.refused("AccessDeniedException", session.encrypt, KeyId=found, Plaintext=b"x")
        named = (f"{ROLE}/{role}", f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/sess")
        for principal in named:
            self.kms.put_key_policy(KeyId=found, Policy=policy(statement(principal, "Encrypt")))
            session.encrypt(KeyId=found, Plaintext=b"x")
        other = service("sts", key).assume_role(RoleArn=f"{ROLE}/{role}", RoleSessionName="other")
        refused = service("kms", key_of(other)).encrypt
        self.refused("AccessDeniedException", refused, KeyId=found, Plaintext=b"x")

    def test_a_role_that_is_deleted_takes_its_sessions_with_it(self):
        arn, _, key = self.someone()
        role = self.role(trust({"AWS": arn}))
        session = service("kms", key_of(self.assume(key, role)))
        session.generate_random(NumberOfBytes=4)
        iam = service("iam")
        iam.delete_role_policy(RoleName=role, PolicyName="p")
        iam.delete_role(RoleName=role)
        self.refused("UnrecognizedClientException", session.generate_random, NumberOfBytes=4)
        iam.create_role(RoleName=role, AssumeRolePolicyDocument=document(trust({"AWS": arn})))
        self.permits(role, "kms:GenerateRandom")
        self.refused("UnrecognizedClientException", session.generate_random, NumberOfBytes=4)

    def test_tags_are_asked_for_and_handed_on(self):
        arn, _, key = self.someone()
        first = self.role(trust({"AWS": arn}), Tags=[{"Key": "team", "Value": "role"}])
        second = self.role(trust({"AWS": f"{ROLE}/{first}"}))
        by_tag = {"StringEquals": {"aws:PrincipalTag/team": "kms"}}
        for role in (first, second):
            self.permits(role, "kms:GenerateRandom", Condition=by_tag)
        plain = service("kms", key_of(self.assume(key, first)))
        self.refused("AccessDeniedException", plain.generate_random, NumberOfBytes=4)
        tags = [{"Key": "Team", "Value": "kms"}]
        tagged = key_of(self.assume(key, first, Tags=tags, TransitiveTagKeys=["Team"]))
        service("kms", tagged).generate_random(NumberOfBytes=4)
        chained = key_of(self.assume(tagged, second))
        service("kms", chained).generate_random(NumberOfBytes=4)
        call = service("sts", tagged).assume_role
        again = {"RoleArn": f"{ROLE}/{second}", "RoleSessionName": "sess"}
        self.fails("InvalidParameterValue", 400, call, Tags=tags, **again)
        self.fails("ValidationError", 400, call, DurationSeconds=3601, **again)
        call = service("sts", key).assume_role
        again["RoleArn"] = f"{ROLE}/{first}"
        twice = tags + [{"Key": "TEAM", "Value": "x"}]
        self.fails("InvalidParameterValue", 400, call, Tags=twice, **again)
        self.fails("InvalidParameterValue", 400, call, TransitiveTagKeys=["Team"], **again)
        untagged = self.role(trust({"AWS": arn}, "sts:AssumeRole"))
        self.denied(key, untagged, Tags=tags, contains="sts:TagSession")

    def test_who_is_behind_a_session_is_said_once(self):
        arn, _, key = self.someone()
        first = self.role(trust({"AWS": arn}))
        second = self.role(trust({"AWS": f"{ROLE}/{first}"}))
        self.permits(second, "kms:GenerateRandom", Condition={"StringEquals": {"aws:SourceIdentity": "alice"}})
        answer = self.assume(key, first, SourceIdentity="alice")
        self.assertEqual(answer["SourceIdentity"], "alice")
        self.denied(key_of(answer), second, SourceIdentity="bob")
        chained = self.assume(key_of(answer), second)
        self.assertEqual(chained["SourceIdentity"], "alice")
        service("kms", key_of(chained)).generate_random(NumberOfBytes=4)

    def test_too_much_for_a_token_is_refused(self):
        arn, _, key = self.someone()
        role = self.role(trust({"AWS": arn}))
        tags = [{"Key": f"k{n}", "Value": "v" * 250} for n in range(40)]
        self.fails(
            "PackedPolicyTooLarge", 400, service("sts", key).assume_role, RoleArn=f"{ROLE}/{role}",
            RoleSessionName="sess", Tags=tags,
        )
        tags = [{"Key": f"k{n}", "Value": "v" * 250} for n in range(20)]
        service("kms", key_of(self.assume(key, role, Tags=tags))).generate_random(NumberOfBytes=4)

    def test_an_mfa_device_can_be_asked_for(self):
        arn, who, key = self.someone()
        device = Device(who)
        role = self.role(trust(
            {"AWS": arn}, "sts:AssumeRole", Condition={
                "Bool": {"aws:MultiFactorAuthPresent": "true"},
                "NumericLessThan": {"aws:MultiFactorAuthAge": "300"},
            }
        ))
        self.denied(key, role)
        shown = {"SerialNumber": device.serial, "TokenCode": device.code()}
        session = service("kms", key_of(self.assume(key, role, **shown)))
        session.generate_random(NumberOfBytes=4)
        self.denied(key, role, contains="invalid MFA one time pass code", **shown)
        # The session itself was made without a device, as AWS has it.
        self.permits(role, "kms:GenerateRandom", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})
        self.refused("AccessDeniedException", session.generate_random, NumberOfBytes=4)

    def test_the_ledger_tells_the_session_and_no_secret(self):
        arn, _, key = self.someone()
        role = self.role(trust({"AWS": arn}))
        answer = self.assume(key, role)
        identity, secret, token = key_of(answer)
        service("kms", key_of(answer)).generate_random(NumberOfBytes=4)
        text = kms("audit", "tail", "--output", "json", "-n", "50").decode()
        self.assertNotIn(secret, text)
        self.assertNotIn(token[:60], text)
        self.assertIn(f'"accessKeyId":"{identity}"', text.replace('": "', '":"'))
        self.assertIn('"AssumedRole"', text)
        self.assertIn("sessionIssuer", text)


class FederationToken(Roles):
    def test_a_federated_user_may_do_what_both_allow(self):
        arn, who, key = self.someone()
        sts = service("sts", key)
        wide = document({"Effect": "Allow", "Action": "kms:*", "Resource": "*"})
        self.fails("AccessDenied", 403, sts.get_federation_token, Name="guest", Policy=wide)
        allow(who, "sts:GetFederationToken", "kms:GenerateRandom")
        answer = sts.get_federation_token(Name="guest", Policy=wide)
        guest = f"arn:aws:sts::{ACCOUNT}:federated-user/guest"
        self.assertEqual(answer["FederatedUser"]["Arn"], guest)
        self.assertEqual(answer["FederatedUser"]["FederatedUserId"], f"{ACCOUNT}:guest")
        session = key_of(answer)
        self.assertEqual(service("sts", session).get_caller_identity()["Arn"], guest)
        service("kms", session).generate_random(NumberOfBytes=4)
        self.refused("AccessDeniedException", service("kms", session).list_keys)
        self.fails("InvalidClientTokenId", 403, service("iam", session).list_users)
        # Without a policy it may do what resources allow it alone.
        bare = service("kms", key_of(sts.get_federation_token(Name="guest")))
        self.refused("AccessDeniedException", bare.generate_random, NumberOfBytes=4)
        found = self.key()
        self.kms.put_key_policy(KeyId=found, Policy=policy(statement(guest, "Encrypt")))
        bare.encrypt(KeyId=found, Plaintext=b"x")


class CommandLine(Roles):
    """Profiles of the AWS CLI as people write them, at a terminal where a code is asked for."""

    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)

    def write(self, file, sections):
        parser = configparser.ConfigParser()
        parser.read_dict(sections)
        with open(os.path.join(self.directory.name, file), "w") as out:
            parser.write(out)

    def profile(self, key, **settings):
        """The environment of a profile `app` with these settings, over a profile with `key`."""
        app = {"source_profile": "base", "region": REGION, **settings}
        self.write("config", {"profile app": app, "profile base": {"region": REGION}})
        self.write("credentials", {"base": {
            "aws_access_key_id": key[0], "aws_secret_access_key": key[1],
        }})
        environment = {
            **os.environ, "AWS_CONFIG_FILE": f"{self.directory.name}/config",
            "AWS_SHARED_CREDENTIALS_FILE": f"{self.directory.name}/credentials",
            "HOME": self.directory.name,
        }
        environment.pop("AWS_PROFILE", None)
        return environment

    @staticmethod
    def command(*arguments):
        cli = os.path.join(os.path.dirname(sys.executable), "aws")
        return [cli, "--profile", "app", *arguments, "--output", "json"]

    def run_as(self, environment, *arguments):
        """The exit status, and what the CLI printed to each stream."""
        done = subprocess.run(
            self.command(*arguments), capture_output=True, text=True, env=environment
        )
        return done.returncode, done.stdout, done.stderr

    def test_a_profile_of_the_aws_cli_assumes_a_role(self):
        arn, who, key = self.someone()
        device = Device(who)
        role = self.role(trust(
            {"AWS": arn}, "sts:AssumeRole", Condition={
                "StringEquals": {"sts:ExternalId": "42"},
                "Bool": {"aws:MultiFactorAuthPresent": "true"},
            }
        ))
        settings = {
            "role_arn": f"{ROLE}/{role}", "external_id": "42", "mfa_serial": device.serial,
        }
        asked = self.command("sts", "get-caller-identity")
        environment = self.profile(key, **settings)
        printed = at_terminal(asked, environment, lambda: "000000")
        self.assertIn("(AccessDenied) when calling the AssumeRole operation", printed)
        printed = at_terminal(asked, environment, device.code)
        self.assertIn(f"assumed-role/{role}/botocore-session-", printed)
        # The session that the CLI keeps is used until it ends, without another code.
        status, out, err = self.run_as(environment, "kms", "generate-random", "--number-of-bytes", "4")
        self.assertEqual(status, 0, err)
        self.assertIn("Plaintext", out)

    def test_a_profile_that_the_role_does_not_trust_gets_nothing(self):
        arn, _, key = self.someone()
        _, _, stranger = self.someone()
        role = self.role(trust(
            {"AWS": arn}, "sts:AssumeRole", Condition={"StringEquals": {"sts:ExternalId": "42"}}
        ))
        target = f"{ROLE}/{role}"
        use = ("kms", "generate-random", "--number-of-bytes", "4")
        for who, settings in (
            (key, {"role_arn": target}),
            (key, {"role_arn": target, "external_id": "43"}),
            (key, {"role_arn": f"{ROLE}/{name('absent')}", "external_id": "42"}),
            (stranger, {"role_arn": target, "external_id": "42"}),
        ):
            status, out, err = self.run_as(self.profile(who, **settings), *use)
            self.assertNotEqual(status, 0, out)
            self.assertIn("(AccessDenied) when calling the AssumeRole operation", err)
            self.assertNotIn(who[1], out + err)
        environment = self.profile(
            key, role_arn=target, external_id="42", role_session_name="nightly",
            duration_seconds="900",
        )
        status, out, err = self.run_as(environment, *use)
        self.assertEqual(status, 0, err)
        status, out, err = self.run_as(environment, "sts", "get-caller-identity")
        self.assertEqual(json.loads(out)["Arn"], f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/nightly")
        # What the role may not do is refused in the words that people search for.
        status, out, err = self.run_as(environment, "kms", "list-keys")
        self.assertNotEqual(status, 0)
        self.assertIn(
            f"User: arn:aws:sts::{ACCOUNT}:assumed-role/{role}/nightly is not authorized to perform: "
            "kms:ListKeys on resource: * because no identity-based policy allows the kms:ListKeys action",
            " ".join(err.split()),
        )


if __name__ == "__main__":
    unittest.main()
