//! Kinds of findings about Active Directory.

use crate::model::finding_kinds;

finding_kinds! {
    /// A directory that cannot be read.
    AD_NOT_READABLE = "ad.not-readable", Error, "fix the problem named in the error";
    /// A server that is not an Active Directory domain controller.
    AD_NOT_ACTIVE_DIRECTORY = "ad.not-active-directory", Error, "connect to a domain controller";
    /// A read-only domain controller.
    AD_READ_ONLY_SERVER = "ad.read-only-server", Warning,
        "connect to a writable domain controller to grant or revoke rights";
    /// An organizational unit outside the server's domain.
    AD_OTHER_DOMAIN = "ad.other-domain", Error,
        "connect to a domain controller of the unit's domain, or correct the unit";
    /// An organizational unit that does not exist or is not visible.
    AD_OU_MISSING = "ad.ou-missing", Error,
        "create it, or correct its name in the settings and in the connector's configuration";
    /// An object other than an organizational unit.
    AD_NOT_AN_OU = "ad.not-an-ou", Error, "name an organizational unit";

    /// Permissions that the signed-in account cannot read.
    AD_RIGHTS_NOT_READABLE = "ad.rights-not-readable", Error,
        "sign in as an account that can read permissions";
    /// An organizational unit without a list of permissions, which gives everyone full control.
    AD_NO_DACL = "ad.no-dacl", Warning, "give it the default permissions of a new unit";
    /// An organizational unit that inherits no permissions.
    AD_INHERITANCE_OFF = "ad.inheritance-off", Info,
        "no action needed: the right has to be granted on the unit itself";
    /// An organizational unit that contains a unit protected from deletion.
    AD_PROTECTED_FROM_DELETION = "ad.protected-from-deletion", Info,
        "no action needed: computers can still be created, and deleted with the right on the computer itself";
    /// Permissions that the signed-in account cannot change.
    AD_CANNOT_DELEGATE = "ad.cannot-delegate", Warning,
        "sign in as an account that can change them, or send the delegation script to an administrator who can";

    /// A domain without the Managed Service Accounts container.
    AD_NO_ACCOUNTS_CONTAINER = "ad.no-accounts-container", Warning,
        "restore the container: a connector cannot be installed without it";
    /// A signed-in account without the right to create managed service accounts.
    AD_CANNOT_CREATE_ACCOUNTS = "ad.cannot-create-accounts", Info,
        "give the administrator who installs a connector the right to create msDS-ManagedServiceAccount objects in \
         the Managed Service Accounts container";
    /// A domain without a connector account.
    AD_NO_CONNECTOR_ACCOUNT = "ad.no-connector-account", Warning,
        "install the connector, or name the account that it runs as";
    /// An account that does not exist or is not visible.
    AD_ACCOUNT_MISSING = "ad.account-missing", Error,
        "look up the name on the connector's server (services, Log On As); the name of a computer or managed service \
         account ends with $";
    /// An account from another domain.
    AD_ACCOUNT_OF_ANOTHER_DOMAIN = "ad.account-of-another-domain", Error,
        "a connector serves only its own server's domain: name an account in this domain";
    /// A name that matches several accounts, or is qualified with a domain that cannot be compared with this one.
    AD_ACCOUNT_AMBIGUOUS = "ad.account-ambiguous", Error, "name the account by its SID or its distinguished name";
    /// A connector's account that no enabled server uses, so no working connector runs under it.
    AD_ORPHANED_ACCOUNT = "ad.orphaned-account", Warning,
        "delete the account if its connector was uninstalled; if a connector does run as this account, specify the \
         account explicitly";
    /// An explicitly specified managed service account that no enabled server uses.
    AD_ACCOUNT_NOT_INSTALLED = "ad.account-not-installed", Warning,
        "install it on the connector's server: Install-ADServiceAccount";
    /// A managed service account whose servers are not visible.
    AD_SERVERS_NOT_READABLE = "ad.servers-not-readable", Warning,
        "sign in as an account that can read them, or look at the services on the connector's server";
    /// A group managed service account with a password that its server cannot read.
    AD_PASSWORD_NOT_READABLE = "ad.password-not-readable", Error,
        "add the server: Set-ADServiceAccount -PrincipalsAllowedToRetrieveManagedPassword";
    /// A disabled account.
    AD_ACCOUNT_DISABLED = "ad.account-disabled", Error, "enable it";
    /// A user or group instead of a connector's account.
    AD_UNUSUAL_ACCOUNT = "ad.unusual-account", Warning, "name the connector's own account";
    /// A legacy connector, which runs as its server's account.
    AD_LEGACY_ACCOUNT = "ad.legacy-account", Warning,
        "install version 6.2501.2000.5 or newer, which runs as a managed service account";

    /// A connector that is allowed to create computers.
    AD_MAY_CREATE = "ad.may-create", Info, "no action needed: this is the expected state";
    /// A connector that has no entry allowing it to create computers.
    AD_CANNOT_CREATE = "ad.cannot-create", Error, "delegate the right: create computer objects, this object only";
    /// A connector with an entry that denies it the right to create computers.
    AD_CREATE_DENIED = "ad.create-denied", Error,
        "remove the deny entry, or take the account out of the group that the entry names";
    /// A connector whose rights could not be determined.
    AD_RIGHTS_UNCERTAIN = "ad.rights-uncertain", Warning,
        "check the permission entries, or test by having the connector create a computer";
    /// A connector with more rights than necessary.
    AD_MORE_THAN_NEEDED = "ad.more-than-needed", Info,
        "for a connector with a managed service account, creating computers in this unit is enough";
    /// Several connectors, only some of which are allowed to create computers.
    AD_CONNECTORS_DIFFER = "ad.connectors-differ", Warning,
        "grant the right to every connector's account: each server has its own";

    /// A prefix whose computer names are all taken.
    AD_NO_NAMES_LEFT = "ad.no-names-left", Error, "use a shorter prefix, or another one";
    /// A prefix with more than a tenth of its computer names taken.
    AD_FEW_NAMES_LEFT = "ad.few-names-left", Warning,
        "use a shorter prefix: names are generated at random, and a join with a name that is already taken fails";
    /// A prefix with some of its computer names taken.
    AD_NAMES_TAKEN = "ad.names-taken", Info, "no action needed: enough names are left";
    /// Existing computer accounts with the prefix, which a connector is not allowed to reuse.
    AD_REUSE_BLOCKED = "ad.reuse-blocked", Info,
        "delete accounts that are not needed, or add their owners to the policy \"Domain \
         controller: Allow computer account re-use during domain join\" (KB5020276)";
}
