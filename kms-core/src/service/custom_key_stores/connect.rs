//! `ConnectCustomKeyStore` and `DisconnectCustomKeyStore`

use super::{failure, fault, find, health};
use crate::api::{
    self, ConnectCustomKeyStoreRequest, ConnectCustomKeyStoreResponse,
    DisconnectCustomKeyStoreRequest, DisconnectCustomKeyStoreResponse,
};
use crate::service::change::Edit;
use crate::service::context::CallContext;
use crate::service::operation::{
    Authorization, Event, Inquiry, Loaded, On, Operation, Performed, Step,
};
use crate::service::parameters::Parameters;
use crate::service::request::{present, validated};
use crate::xks::{Connection, CustomKeyStore};
use crate::{CustomKeyStoreFault, Error};

/// The state does not allow it.
fn refused(store: &CustomKeyStore) -> Error {
    fault(
        CustomKeyStoreFault::InvalidState,
        format!(
            "Custom key store {} is in the connection state {}.",
            store.id,
            store.connection.state()
        ),
    )
}

fn put(store: &CustomKeyStore, connection: Connection) -> Vec<Edit> {
    let changed = CustomKeyStore {
        connection,
        ..store.clone()
    };
    vec![Edit::PutCustomKeyStore(Box::new(changed))]
}

impl Operation for ConnectCustomKeyStoreRequest {
    /// The store's id.
    type Parsed = String;
    type Response = ConnectCustomKeyStoreResponse;
    const EVENT: Event = Event::kms(api::Operation::ConnectCustomKeyStore);

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.optional("customKeyStoreId", self.custom_key_store_id.as_ref());
    }

    fn before_inquiry(&self) -> Option<Self> {
        Some(self.clone())
    }

    fn inquiry(id: String, step: &Step<'_>) -> Result<Option<Inquiry>, Error> {
        let store = find(&id, step)?;
        match store.connection {
            Connection::Disconnected => health(store.proxy.clone(), step, Self::EVENT.name),
            Connection::Connected => Ok(None),
            Connection::Failed(_) => Err(refused(store)),
        }
    }

    fn parse(self) -> Result<String, Error> {
        validated(&self)?;
        present(self.custom_key_store_id)
    }

    fn authorizations<'a>(
        _id: &'a String,
        _loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(vec![Authorization::new(
            "kms:ConnectCustomKeyStore",
            On::Any,
        )])
    }

    /// Connects at once, or leaves the store failed, which the next `DescribeCustomKeyStores` tells.
    fn perform(
        id: String,
        step: &Step<'_>,
    ) -> Result<Performed<ConnectCustomKeyStoreResponse>, Error> {
        let store = find(&id, step)?;
        let connection = match (store.connection, step.finding) {
            (Connection::Connected, _) => {
                return Ok(Performed::read(ConnectCustomKeyStoreResponse {}));
            }
            (Connection::Failed(_), _) => return Err(refused(store)),
            (Connection::Disconnected, Some(Ok(_))) => Connection::Connected,
            (Connection::Disconnected, Some(Err(cause))) => {
                Connection::Failed(failure::connecting(cause))
            }
            // Somebody disconnected it between the two walks.
            (Connection::Disconnected, None) => return Err(refused(store)),
        };
        let response = ConnectCustomKeyStoreResponse {};
        let performed = Performed::changed(response, put(store, connection));
        Ok(match connection.error_code() {
            Some(code) => performed.with_additional("connectionErrorCode", &code),
            None => performed,
        })
    }
}

impl Operation for DisconnectCustomKeyStoreRequest {
    /// The store's id.
    type Parsed = String;
    type Response = DisconnectCustomKeyStoreResponse;
    const EVENT: Event = Event::kms(api::Operation::DisconnectCustomKeyStore);

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.optional("customKeyStoreId", self.custom_key_store_id.as_ref());
    }

    fn parse(self) -> Result<String, Error> {
        validated(&self)?;
        present(self.custom_key_store_id)
    }

    fn authorizations<'a>(
        _id: &'a String,
        _loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(vec![Authorization::new(
            "kms:DisconnectCustomKeyStore",
            On::Any,
        )])
    }

    fn perform(
        id: String,
        step: &Step<'_>,
    ) -> Result<Performed<DisconnectCustomKeyStoreResponse>, Error> {
        let store = find(&id, step)?;
        if store.connection == Connection::Disconnected {
            return Err(refused(store));
        }
        let response = DisconnectCustomKeyStoreResponse {};
        Ok(Performed::changed(
            response,
            put(store, Connection::Disconnected),
        ))
    }
}
