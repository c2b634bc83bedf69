//! Custom key stores and their states.

use kms_core::secret::SecretText;
use kms_core::xks::{ErrorName, ProxyFailure};

use super::external_proxy::{Mood, World, creation, refused};
use super::*;

#[test]
fn a_store_lives_through_its_states() {
    let world = World::new();
    world.proxy.is(Mood::NoManager);
    let (code, _) = refused(world.send(creation("safe")));
    assert_eq!(code, ErrorCode::XksProxyUriUnreachableException);
    for (mood, expected) in [
        (
            Mood::Refuses(ErrorName::AuthenticationFailed),
            ErrorCode::XksProxyIncorrectAuthenticationCredentialException,
        ),
        (
            Mood::Refuses(ErrorName::InvalidUriPath),
            ErrorCode::XksProxyInvalidConfigurationException,
        ),
        (Mood::Garbles, ErrorCode::XksProxyInvalidResponseException),
        (
            Mood::Fails(ProxyFailure::Tls),
            ErrorCode::XksProxyUriUnreachableException,
        ),
    ] {
        world.proxy.is(mood);
        assert_eq!(
            refused(world.send(creation("safe"))).0,
            expected,
            "{mood:?}"
        );
    }
    world.proxy.is(Mood::Well);
    let store = world
        .send(creation("safe"))
        .unwrap()
        .custom_key_store_id
        .to_string();
    let id = Some(store.clone());
    assert_eq!(
        world.entry().connection_state,
        ConnectionStateType::Disconnected
    );
    let (code, _) = refused(world.send(creation("safe")));
    assert_eq!(code, ErrorCode::CustomKeyStoreNameInUseException);
    let (code, _) = refused(world.send(creation("other")));
    assert_eq!(code, ErrorCode::XksProxyUriInUseException);
    let disconnect = || DisconnectCustomKeyStoreRequest {
        custom_key_store_id: id.clone(),
    };
    let delete = || DeleteCustomKeyStoreRequest {
        custom_key_store_id: id.clone(),
    };
    let invalid_state = ErrorCode::CustomKeyStoreInvalidStateException;
    assert_eq!(refused(world.send(disconnect())).0, invalid_state);
    world.proxy.is(Mood::Fails(ProxyFailure::TimedOut));
    world.connect(&store).unwrap();
    let entry = world.entry();
    assert_eq!(entry.connection_state, ConnectionStateType::Failed);
    assert_eq!(
        entry.connection_error_code,
        Some(ConnectionErrorCodeType::XksProxyTimedOut)
    );
    world.proxy.is(Mood::Well);
    assert_eq!(refused(world.connect(&store)).0, invalid_state);
    world.send(disconnect()).unwrap();
    world.connect(&store).unwrap();
    world.connect(&store).unwrap();
    assert_eq!(
        world.entry().connection_state,
        ConnectionStateType::Connected
    );
    assert_eq!(refused(world.send(delete())).0, invalid_state);
    let update = |proxy: XksProxyMembers, name: Option<&str>| UpdateCustomKeyStoreRequest {
        custom_key_store_id: id.clone(),
        new_custom_key_store_name: name.map(str::to_owned),
        proxy,
        ..UpdateCustomKeyStoreRequest::default()
    };
    let path = || XksProxyMembers {
        xks_proxy_uri_path: Some("/kms/xks/v1".to_owned()),
        ..XksProxyMembers::default()
    };
    world.send(update(path(), Some("safer"))).unwrap();
    assert_eq!(world.entry().custom_key_store_name, "safer");
    let endpoint = || XksProxyMembers {
        xks_proxy_uri_endpoint: Some("https://xks.example.com".to_owned()),
        ..XksProxyMembers::default()
    };
    assert_eq!(
        refused(world.send(update(endpoint(), None))).0,
        invalid_state
    );
    let key = world.create_key(&store, "hsm-1").unwrap().arn.to_string();
    world.send(disconnect()).unwrap();
    world.send(update(endpoint(), None)).unwrap();
    assert_eq!(
        refused(world.send(delete())).0,
        ErrorCode::CustomKeyStoreHasCMKsException
    );
    let key_id = Some(key);
    let deletion = ScheduleKeyDeletionRequest {
        key_id,
        pending_window_in_days: Some(7),
    };
    world.send(deletion).unwrap();
    assert_eq!(
        refused(world.send(delete())).0,
        ErrorCode::CustomKeyStoreHasCMKsException
    );
    world
        .fixture
        .clock
        .set(Timestamp::from_seconds(1_800_000_000).plus_days(8));
    world.fixture.engine().run_due_jobs().unwrap();
    world.send(delete()).unwrap();
    let not_found = ErrorCode::CustomKeyStoreNotFoundException;
    assert_eq!(refused(world.send(delete())).0, not_found);
    assert_eq!(refused(world.connect(&store)).0, not_found);
    assert!(
        !serde_json::to_string(&world.fixture.lines())
            .unwrap()
            .contains("sesame")
    );
}

#[test]
fn what_is_not_offered_is_not_found_and_nobody_without_permission_reaches_the_network() {
    let world = World::new();
    let nobody = world.fixture.user("nobody");
    let (code, _) = refused(world.fixture.send_as(&nobody, creation("safe")));
    assert_eq!(code, ErrorCode::AccessDeniedException);
    assert!(world.proxy.asked().is_empty());
    let cluster = CreateCustomKeyStoreRequest {
        custom_key_store_name: Some("cluster".to_owned()),
        cloud_hsm_cluster_id: Some("cluster-abcdefghijk".to_owned()),
        trust_anchor_certificate: Some("certificate".to_owned()),
        key_store_password: Some(SecretText::new("password".to_owned())),
        ..CreateCustomKeyStoreRequest::default()
    };
    let (code, _) = refused(world.send(cluster));
    assert_eq!(code, ErrorCode::CloudHsmClusterNotFoundException);
    let change = |change: &dyn Fn(&mut XksProxyMembers)| {
        let mut request = creation("safe");
        change(&mut request.proxy);
        refused(world.send(request)).0
    };
    let vpc = |proxy: &mut XksProxyMembers| {
        proxy.xks_proxy_connectivity = Some("VPC_ENDPOINT_SERVICE".to_owned());
        let name = "com.amazonaws.vpce.us-east-1.vpce-svc-example1";
        proxy.xks_proxy_vpc_endpoint_service_name = Some(name.to_owned());
    };
    assert_eq!(
        change(&vpc),
        ErrorCode::XksProxyVpcEndpointServiceNotFoundException
    );
    let address = |proxy: &mut XksProxyMembers| {
        proxy.xks_proxy_uri_endpoint = Some("https://169.254.169.254".to_owned());
    };
    assert_eq!(
        change(&address),
        ErrorCode::XksProxyInvalidConfigurationException
    );
    assert_eq!(
        change(&|proxy| proxy.xks_proxy_authentication_credential = None),
        ErrorCode::ValidationException
    );
    assert!(world.proxy.asked().is_empty());
}

#[test]
fn an_address_in_other_digits_is_no_name() {
    let world = World::new();
    for host in ["127.0.0.1", "127.0.0.0x1", "0x7f.0x1"] {
        let mut asked = creation("safe");
        asked.proxy.xks_proxy_uri_endpoint = Some(format!("https://{host}"));
        let (code, _) = refused(world.send(asked));
        let expected = ErrorCode::XksProxyInvalidConfigurationException;
        assert_eq!(code, expected, "{host}");
    }
    assert!(world.proxy.asked().is_empty());
}
