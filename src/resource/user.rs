//! Users.

use super::resource;
use crate::catalog;
use crate::graph::{Call, List, Operation, entity};
use crate::model::{Id, User, UserPrincipalName};

resource! {
    /// Users in Entra ID.
    ///
    /// ```
    /// # use windows_autopilot::testing::{Harness, run};
    /// # run(async |Harness { client, tenant, .. }| {
    /// # tenant.add_user("adele@contoso.com");
    /// let user = client.users().get_by_name(&"adele@contoso.com".parse()?).await?;
    /// assert_eq!(client.users().get(&user.id).await?.account_enabled, Some(true));
    /// # Ok(()) });
    /// ```
    pub struct Users, users, "users"
}

/// The properties to read of a user: Graph omits most unless they are selected.
const PROPERTIES: &str = "accountEnabled,createdDateTime,department,displayName,givenName,id,jobTitle,mail,\
    onPremisesDistinguishedName,onPremisesDomainName,onPremisesImmutableId,onPremisesSamAccountName,\
    onPremisesSecurityIdentifier,onPremisesSyncEnabled,onPremisesUserPrincipalName,surname,usageLocation,\
    userPrincipalName,userType";

impl Users<'_> {
    /// Lists all users, with the properties that Graph returns by default. Supports the filters `userPrincipalName eq`
    /// and `startswith`.
    ///
    /// # Permissions
    /// `User.ReadBasic.All`
    /// # API
    /// `v1.0`. [List users](https://learn.microsoft.com/en-us/graph/api/user-list?view=graph-rest-1.0)
    #[inline]
    pub fn list(&self) -> List<User> {
        List::new(self.client, &catalog::USERS_LIST, &[])
    }

    /// Returns one user by id, with every property of the type.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if the user does not exist.
    /// # Permissions
    /// `User.ReadBasic.All` for names, `User.Read.All` for the rest.
    /// # API
    /// `v1.0`. [Get user](https://learn.microsoft.com/en-us/graph/api/user-get?view=graph-rest-1.0)
    #[inline]
    pub fn get(&self, id: &Id<User>) -> Call<User> {
        self.get_by_key(id.as_str())
    }

    /// Returns one user by user principal name.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) if the user does not exist.
    /// # Permissions
    /// `User.ReadBasic.All` for names, `User.Read.All` for the rest.
    /// # API
    /// `v1.0`. [Get user](https://learn.microsoft.com/en-us/graph/api/user-get?view=graph-rest-1.0)
    #[inline]
    pub fn get_by_name(&self, name: &UserPrincipalName) -> Call<User> {
        self.get_by_key(name.as_str())
    }

    #[inline]
    fn get_by_key(&self, key: &str) -> Call<User> {
        let operation = Operation::new(&catalog::USERS_GET, &[key], entity).with_query("$select", PROPERTIES);
        Call::new(self.client, operation)
    }
}
