use super::*;

const MOMENT: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn principals() -> Vec<Principal> {
    let account: AccountId = "111122223333".parse().unwrap();
    vec![
        Principal::Root {
            account: account.clone(),
        },
        Principal::User {
            account: account.clone(),
            path: "/a/b/".parse().unwrap(),
            name: "alice".parse().unwrap(),
            id: "AIDAAAAAAAAAAAAAAAAAA".parse().unwrap(),
        },
        Principal::AssumedRole {
            account: account.clone(),
            path: "/".parse().unwrap(),
            role: "app".parse().unwrap(),
            id: "AROAAAAAAAAAAAAAAAAAA".parse().unwrap(),
            session: "sess".parse().unwrap(),
        },
        Principal::FederatedUser {
            account,
            issuer: "AIDAAAAAAAAAAAAAAAAAA".parse().unwrap(),
            issuer_path: "/".parse().unwrap(),
            issuer_name: "alice".parse().unwrap(),
            name: "guest".parse().unwrap(),
        },
    ]
}

fn full() -> Session {
    let tag = |value: &str, transitive| SessionTag {
        value: value.to_owned(),
        transitive,
    };
    Session {
        mfa: Some(MOMENT),
        issuer: Some("AKIAIOSFODNN7EXAMPLE".parse().unwrap()),
        source_identity: Some("alice".parse().unwrap()),
        policy: Some("{}".to_owned()),
        policy_arns: vec!["arn:aws:iam::111122223333:policy/p".to_owned()],
        tags: BTreeMap::from([
            ("a".to_owned(), tag("1", true)),
            ("b".to_owned(), tag("", false)),
        ]),
        web_identity: Some(WebIdentity {
            provider: "oidc.example/id".to_owned(),
            claims: BTreeMap::from([
                ("aud".to_owned(), vec!["x".to_owned()]),
                ("sub".to_owned(), vec!["y".to_owned(), "z".to_owned()]),
            ]),
        }),
        ..Session::new(MOMENT, MOMENT.plus_millis(3_600_000))
    }
}

fn token(principal: Principal, session: Session) -> SessionToken {
    SessionToken { principal, session }
}

#[test]
fn a_token_reads_back_as_it_was() {
    let bare = Session::new(MOMENT, MOMENT);
    for principal in principals() {
        for session in [bare.clone(), full()] {
            let token = token(principal.clone(), session);
            let bytes = token.to_bytes().unwrap();
            assert_eq!(SessionToken::parse(&bytes).unwrap(), token);
        }
    }
}

#[test]
fn no_part_of_a_token_is_one_and_nothing_may_follow() {
    for principal in principals() {
        let mut bytes = token(principal, full()).to_bytes().unwrap();
        for length in 0..bytes.len() {
            assert!(SessionToken::parse(&bytes[..length]).is_err(), "{length}");
        }
        bytes.push(0);
        assert!(SessionToken::parse(&bytes).is_err());
    }
}

#[test]
fn what_is_read_has_one_encoding_alone() {
    let bytes = token(principals()[2].clone(), full()).to_bytes().unwrap();
    for place in 0..bytes.len() {
        for bit in 0..8 {
            let mut altered = bytes.clone();
            altered[place] ^= 1 << bit;
            if let Ok(read) = SessionToken::parse(&altered) {
                assert_eq!(read.to_bytes().unwrap(), altered);
            }
        }
    }
}

#[test]
fn tags_and_claims_out_of_order_or_twice_are_refused() {
    let mut session = Session::new(MOMENT, MOMENT);
    for key in ["k1", "k2"] {
        let tag = SessionTag {
            value: String::new(),
            transitive: false,
        };
        session.tags.insert(key.to_owned(), tag);
    }
    let bytes = token(principals()[0].clone(), session).to_bytes().unwrap();
    let place = bytes.len() - 4;
    assert_eq!(bytes[place], b'2');
    for digit in [b'0', b'1'] {
        let mut altered = bytes.clone();
        altered[place] = digit;
        assert!(SessionToken::parse(&altered).is_err());
    }
}

#[test]
fn a_session_that_is_too_large_is_refused() {
    let mut session = Session::new(MOMENT, MOMENT);
    session.policy = Some("x".repeat(MAX_SESSION_TOKEN));
    let refused = token(principals()[0].clone(), session).to_bytes();
    assert_eq!(refused, Err(SessionTooLarge));
}

#[test]
fn the_service_has_no_sessions() {
    let service = Principal::Service {
        account: "111122223333".parse().unwrap(),
    };
    let refused = token(service, Session::new(MOMENT, MOMENT)).to_bytes();
    assert_eq!(refused, Err(SessionTooLarge));
}
