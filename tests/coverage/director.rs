//! Makes the callers of the cast, as an administrator does: users, groups, roles, sessions, devices.

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use kms_tests::{Credentials, Home, Signer};
use ring::hmac;
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};

use super::cast::{CALLERS, Caller, Cast, Grounds, limit, own};
use super::{ROOT, World};

/// The identity provider of the sessions of web identities; its key is in a file.
const ISSUER: &str = "https://oidc.example/id";

/// Who may assume each role: the maker, and whom the provider calls `app`.
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":"sts:AssumeRole",
     "Principal":{"AWS":"arn:aws:iam::111122223333:user/maker"}},
    {"Effect":"Allow","Action":"sts:AssumeRoleWithWebIdentity",
     "Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/oidc.example/id"},
     "Condition":{"StringEquals":{"oidc.example/id:sub":"app"}}}]}"#;

/// The text of the first element of this name.
fn element(xml: &str, name: &str) -> String {
    let (_, rest) = xml.split_once(&format!("<{name}>")).expect(name);
    rest.split('<').next().unwrap().to_owned()
}

/// Who makes callers: an administrator, a user whom roles trust, an identity provider.
pub(super) struct Director<'w> {
    world: &'w World,
    maker: Signer,
    provider: Ed25519KeyPair,
    made: usize,
    cast: Cast,
}

/// The key pair of the provider, and the configuration of a server that knows it.
pub(super) fn provider(home: &Home) -> (Ed25519KeyPair, String) {
    let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap();
    let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
    let keys = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "one", "x": x}]});
    let file = home.scratch("jwks.json");
    std::fs::write(&file, keys.to_string()).unwrap();
    let text = format!("[[oidc_provider]]\nissuer = {ISSUER:?}\njwks_file = {file:?}\n");
    (pair, text)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a client of the server has the system's clock"
)]
fn now() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap().as_secs()
}

/// Steps of 30 s since 1970, in which MFA devices count.
fn step() -> u64 {
    now() / 30
}

/// The code of an MFA device of one step: RFC 6238.
fn code(seed: &str, step: u64) -> String {
    let mut bits = String::new();
    for c in seed.chars().filter(|c| *c != '=') {
        let value = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".find(c).unwrap();
        bits.push_str(&format!("{value:05b}"));
    }
    let seed: Vec<u8> = bits
        .as_bytes()
        .chunks_exact(8)
        .map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap())
        .collect();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &seed);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let offset = usize::from(tag.as_ref()[19] & 15);
    let four: [u8; 4] = tag.as_ref()[offset..offset + 4].try_into().unwrap();
    format!(
        "{:06}",
        (u32::from_be_bytes(four) & 0x7fff_ffff) % 1_000_000
    )
}

impl<'w> Director<'w> {
    pub(super) fn new(world: &'w World, provider: Ed25519KeyPair) -> Self {
        let maker = Signer::new(&world.home.user("maker"), &world.address());
        let director = Self {
            world,
            maker,
            provider,
            made: 0,
            cast: Cast::default(),
        };
        director.iam(
            "CreateOpenIDConnectProvider",
            &[("Url", ISSUER), ("ClientIDList.member.1", "kms")],
        );
        for name in ["allow", "elsewhere", "deny"] {
            director.policy(name);
        }
        director
    }

    /// The account root user, and a caller for each row of the table.
    pub(super) fn cast(mut self) -> Cast {
        let root = self.world.root.clone();
        self.add("root", ROOT.to_owned(), root, Grounds::Root);
        for row in CALLERS.lines().skip(2) {
            let mut words = row.split_whitespace();
            let cells: [&str; 7] = std::array::from_fn(|_| words.next().expect(row));
            let [kind, own, boundary, more, behind, itself, by] = cells;
            let (entity, arn, signer) = match kind {
                "role" | "web" => self.of_role(kind, own, boundary, more),
                _ => self.of_user(kind, own, boundary, more),
            };
            self.name(behind, &entity);
            self.name(itself, &arn);
            self.add(row, arn, signer, Grounds::of(by));
        }
        self.cast
    }

    fn iam(&self, action: &str, parameters: &[(&str, &str)]) -> String {
        let request = self.world.root.query("iam", action, parameters);
        self.world.query(action, &request)
    }

    fn sts(&self, by: &Signer, action: &str, parameters: &[(&str, &str)]) -> Signer {
        let answer = self
            .world
            .query(action, &by.query("sts", action, parameters));
        self.session(&answer)
    }

    /// Whoever has the credentials in an answer.
    fn session(&self, answer: &str) -> Signer {
        let credentials = Credentials {
            id: element(answer, "AccessKeyId"),
            secret: element(answer, "SecretAccessKey"),
        };
        Signer::new(&credentials, &self.world.address())
            .with_session_token(&element(answer, "SessionToken"))
    }

    /// A managed policy, named after its word in the table.
    fn policy(&self, word: &str) {
        let text = limit(word).unwrap();
        let policy = [("PolicyName", word), ("PolicyDocument", text.as_str())];
        self.iam("CreatePolicy", &policy);
    }

    fn next(&mut self, kind: &str) -> String {
        self.made += 1;
        format!("{kind}-{}", self.made)
    }

    fn add(&mut self, row: &str, arn: String, signer: Signer, grounds: Grounds) {
        self.cast.callers.push(Caller {
            row: row.to_owned(),
            arn,
            signer,
            grounds,
        });
    }

    fn name(&mut self, how: &str, arn: &str) {
        let list = match how {
            "-" => return,
            "allow" => &mut self.cast.allowed_by_key,
            "deny" => &mut self.cast.denied_by_key,
            "grant" => &mut self.cast.grantees,
            other => panic!("{other} is no way to name a caller"),
        };
        list.push(arn.to_owned());
    }

    /// A user, or a session of one: the user's ARN, the caller's, and its credentials.
    fn of_user(
        &mut self,
        kind: &str,
        own: &str,
        boundary: &str,
        more: &str,
    ) -> (String, String, Signer) {
        let (user, arn, signer) = self.user(own, boundary);
        let named = ("UserName", user.as_str());
        let signer = match kind {
            "user" => signer,
            "attached" => {
                self.iam("AttachUserPolicy", &[named, ("PolicyArn", &managed(more))]);
                signer
            }
            "member" => {
                let group = ("GroupName", user.as_str());
                self.iam("CreateGroup", &[group]);
                self.put("PutGroupPolicy", group, more);
                self.iam("AddUserToGroup", &[group, named]);
                signer
            }
            "token" => self.sts(&signer, "GetSessionToken", &[]),
            "code" => self.session_with_code(&user, &signer),
            "federated" => {
                let guest = format!("arn:aws:sts::111122223333:federated-user/{user}");
                let session = with_policy(&[("Name", &user)], more, |members| {
                    self.sts(&signer, "GetFederationToken", members)
                });
                return (arn, guest, session);
            }
            other => panic!("no kind {other}"),
        };
        (arn.clone(), arn, signer)
    }

    /// A new user: the name, the ARN, an access key of it.
    fn user(&mut self, policy: &str, boundary: &str) -> (String, String, Signer) {
        let user = self.next("user");
        let named = ("UserName", user.as_str());
        let limited = [named, ("PermissionsBoundary", &managed(boundary))];
        let members = if boundary == "-" {
            &limited[..1]
        } else {
            &limited[..]
        };
        let arn = element(&self.iam("CreateUser", members), "Arn");
        self.put("PutUserPolicy", named, policy);
        let key = self.iam("CreateAccessKey", &[named]);
        let credentials = Credentials {
            id: element(&key, "AccessKeyId"),
            secret: element(&key, "SecretAccessKey"),
        };
        (user, arn, Signer::new(&credentials, &self.world.address()))
    }

    /// Gives an entity an inline policy, if the cell has one.
    fn put(&self, action: &str, named: (&str, &str), words: &str) {
        if let Some(text) = own(words) {
            self.iam(
                action,
                &[named, ("PolicyName", "own"), ("PolicyDocument", &text)],
            );
        }
    }

    /// A session that a code of an MFA device was shown for.
    fn session_with_code(&self, user: &str, signer: &Signer) -> Signer {
        let device = [("VirtualMFADeviceName", user)];
        let made = self.iam("CreateVirtualMFADevice", &device);
        let serial = element(&made, "SerialNumber");
        let seed = STANDARD.decode(element(&made, "Base32StringSeed")).unwrap();
        let seed = String::from_utf8(seed).unwrap();
        let begun = step();
        let enable = [
            ("UserName", user),
            ("SerialNumber", &serial),
            ("AuthenticationCode1", &code(&seed, begun - 2)),
            ("AuthenticationCode2", &code(&seed, begun - 1)),
        ];
        self.iam("EnableMFADevice", &enable);
        // The next step's code is taken already, and a busy machine shows it in time.
        let shown = [
            ("SerialNumber", serial.as_str()),
            ("TokenCode", &code(&seed, step() + 1)),
        ];
        self.sts(signer, "GetSessionToken", &shown)
    }

    /// A session of a role that trusts the maker and the provider: the role's ARN, the session's, and its
    /// credentials.
    fn of_role(
        &mut self,
        kind: &str,
        own: &str,
        boundary: &str,
        more: &str,
    ) -> (String, String, Signer) {
        let role = self.next("role");
        let named = ("RoleName", role.as_str());
        let limited = [
            named,
            ("AssumeRolePolicyDocument", TRUST),
            ("PermissionsBoundary", &managed(boundary)),
        ];
        let members = if boundary == "-" {
            &limited[..2]
        } else {
            &limited[..]
        };
        let arn = element(&self.iam("CreateRole", members), "Arn");
        self.put("PutRolePolicy", named, own);
        let asked = [("RoleArn", arn.as_str()), ("RoleSessionName", "one")];
        let signer = if kind == "role" {
            with_policy(&asked, more, |members| {
                self.sts(&self.maker, "AssumeRole", members)
            })
        } else {
            let token = self.token();
            let shown = [asked[0], asked[1], ("WebIdentityToken", token.as_str())];
            with_policy(&shown, more, |members| self.web_identity(members))
        };
        let session = format!("arn:aws:sts::111122223333:assumed-role/{role}/one");
        (arn, session, signer)
    }

    fn web_identity(&self, members: &[(&str, &str)]) -> Signer {
        let action = "AssumeRoleWithWebIdentity";
        let request = Signer::unsigned_query(&self.world.address(), "sts", action, members);
        self.session(&self.world.query(action, &request))
    }

    /// A token of the provider for the subject that roles trust.
    fn token(&self) -> String {
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let head = encode(&json!({"alg": "EdDSA", "kid": "one"}));
        let claims = encode(
            &json!({"iss": ISSUER, "sub": "app", "aud": "kms", "iat": now(),
            "exp": now() + 600}),
        );
        let signed = format!("{head}.{claims}");
        let signature = self.provider.sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }
}

fn managed(word: &str) -> String {
    format!("arn:aws:iam::111122223333:policy/{word}")
}

/// Asks for a session, with the policy that the cell names.
fn with_policy(
    members: &[(&str, &str)],
    word: &str,
    ask: impl FnOnce(&[(&str, &str)]) -> Signer,
) -> Signer {
    match limit(word) {
        None => ask(members),
        Some(text) => ask(&[members, &[("Policy", text.as_str())]].concat()),
    }
}
