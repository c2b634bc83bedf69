//! `DeleteCustomKeyStore`

use super::{fault, find};
use crate::api::{self, DeleteCustomKeyStoreRequest, DeleteCustomKeyStoreResponse};
use crate::service::change::Edit;
use crate::service::context::CallContext;
use crate::service::operation::{Authorization, Event, Loaded, On, Operation, Performed, Step};
use crate::service::parameters::Parameters;
use crate::service::request::{present, validated};
use crate::xks::Connection;
use crate::{CustomKeyStoreFault, Error};

impl Operation for DeleteCustomKeyStoreRequest {
    /// The store's id.
    type Parsed = String;
    type Response = DeleteCustomKeyStoreResponse;
    const EVENT: Event = Event::kms(api::Operation::DeleteCustomKeyStore);

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
            "kms:DeleteCustomKeyStore",
            On::Any,
        )])
    }

    fn perform(
        id: String,
        step: &Step<'_>,
    ) -> Result<Performed<DeleteCustomKeyStoreResponse>, Error> {
        let store = find(&id, step)?;
        let mut keys = step.state.external_keys(&store.account, &store.region);
        if keys.any(|key| key.store == store.id) {
            return Err(fault(
                CustomKeyStoreFault::HasKeys,
                format!("Custom key store {} has KMS keys.", store.id),
            ));
        }
        if store.connection != Connection::Disconnected {
            return Err(fault(
                CustomKeyStoreFault::InvalidState,
                format!(
                    "Custom key store {} is in the connection state {}; disconnect it before you \
                     delete it.",
                    store.id,
                    store.connection.state()
                ),
            ));
        }
        let edit = Edit::RemoveCustomKeyStore(
            store.account.clone(),
            store.region.clone(),
            store.id.clone(),
        );
        Ok(Performed::changed(
            DeleteCustomKeyStoreResponse {},
            vec![edit],
        ))
    }
}
