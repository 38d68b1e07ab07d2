//! The table of known codes.

use super::CodePhase::{self, Connector, DomainJoin, Enrollment, Profile, Registration, SignIn, StatusPage};
use super::CodeSource::{
    self, AutopilotKnownIssues, CoManagement, HybridJoinTroubleshooting, IntuneTroubleshooting, PublicTool,
    ThirdParty, WindowsCodes,
};
use super::{Certainty, KnownCode};

const fn entry(
    codes: &'static [u32],
    phases: &'static [CodePhase],
    source: CodeSource,
    certainty: Certainty,
    meaning: &'static str,
    causes: &'static [&'static str],
) -> KnownCode {
    KnownCode { codes, phases, meaning, causes, certainty, source }
}

use Certainty::{Generic, One, Several};

/// The phases that use the network.
const NETWORK: &[CodePhase] = &[Profile, Enrollment, StatusPage, Registration, SignIn];
const PROXY: &str = "a proxy that asks for a sign-in, or that inspects TLS";
const CLOCK: &str = "a wrong clock";
const NO_ROUTE: &str = "a firewall or a proxy between the device and Microsoft's endpoints";
const TPM: &str = "TPM firmware that needs an update";

#[rustfmt::skip]
impl KnownCode {
    /// All known codes, by phase.
    pub const ALL: &'static [Self] = &[
        // The profile: codes of the deployment service.
        entry(&[802], &[Profile], PublicTool, One, "the hardware hash is not valid", &["an invalid hardware hash"]),
        entry(&[803, 806], &[Profile], PublicTool, Several, "the service refused the device",
            &["the device is already assigned", "the registration is not complete"]),
        entry(&[807], &[Profile], AutopilotKnownIssues, Several, "the device is not registered",
            &["no registration with this hardware hash", "an import that has not been processed yet"]),
        entry(&[808], &[Profile], PublicTool, One, "the device belongs to another tenant", &["a registration in another tenant"]),
        entry(&[809, 815], &[Profile], AutopilotKnownIssues, Several, "the device has no profile",
            &["no profile is assigned to the device", "the assigned profile was deleted"]),
        entry(&[908], &[Profile], AutopilotKnownIssues, One, "the hardware is not the registered hardware", &["a changed motherboard"]),

        // Enrollment.
        entry(&[0x8018_0002], &[Enrollment], CoManagement, Generic, "the device was not authenticated", &["no Microsoft Entra token"]),
        entry(&[0x8018_0003], &[Enrollment], IntuneTroubleshooting, Several, "the user may not enroll devices",
            &["the user's device limit", "an enrollment restriction", "Windows Home"]),
        entry(&[0x8018_0005], &[Enrollment], IntuneTroubleshooting, Several, "the MDM server reported an error",
            &["pre-provisioning was started, but the profile does not allow it", "a service error"]),
        entry(&[0x8018_000a], &[Enrollment], IntuneTroubleshooting, One, "the device is already enrolled", &["an earlier enrollment, possibly by another user"]),
        entry(&[0x8018_0014], &[Enrollment], IntuneTroubleshooting, Several, "Windows devices may not enroll",
            &["an enrollment restriction blocks Windows", "the device has been blocked since an earlier enrollment"]),
        entry(&[0x8018_0018], &[Enrollment], IntuneTroubleshooting, Several, "the user may not enroll this device",
            &["the user has no Intune license", "the user's device limit"]),
        entry(&[0x8018_0022], &[Enrollment], IntuneTroubleshooting, One, "this edition of Windows cannot enroll", &["Windows Home"]),
        entry(&[0x8018_0026], &[Enrollment], IntuneTroubleshooting, One, "an old management agent is on the device", &["the classic Intune PC agent"]),
        entry(&[0x8018_002b], &[Enrollment], IntuneTroubleshooting, Several, "the user's devices do not enroll automatically",
            &["the user is not in the MDM user scope", "the user's sign-in name has a domain that is not verified"]),
        entry(&[0x8000_ffff], &[Enrollment, StatusPage], IntuneTroubleshooting, Generic, "an unexpected error",
            &["automatic enrollment is not configured", "the enrollment status page forced a result"]),
        entry(&[0x8007_064c], &[Enrollment], IntuneTroubleshooting, Several, "the machine is already enrolled",
            &["an earlier enrollment", "an image that contains another device's enrollment"]),
        entry(&[0xc103_6501], &[Enrollment], IntuneTroubleshooting, One, "several MDM applications apply to the user", &["more than one MDM application in scope"]),
        entry(&[0x8103_6501], &[Enrollment], ThirdParty, Generic, "no MDM information was found", &[]),
        entry(&[0x8000_4005], &[Enrollment, DomainJoin, StatusPage], AutopilotKnownIssues, Generic, "an unspecified error",
            &["a Windows fault in hybrid joins, fixed by updates in late 2025", "the connector or the domain controller cannot be reached"]),
        entry(&[0x801c_03ea], &[Enrollment], IntuneTroubleshooting, Several, "the server refused the join",
            &["the TPM could not be attested", "the device is in two groups with different profiles"]),
        entry(&[0x801c_03f3], &[Enrollment, Registration], AutopilotKnownIssues, One, "the device's object in Microsoft Entra was deleted", &["the object that the registration created was deleted"]),
        entry(&[0x801c_03ed], &[Enrollment], ThirdParty, Generic, "the user may not join devices",
            &["a policy does not let the user join", "multifactor authentication was required but not completed"]),
        entry(&[0x801c_0003], &[Enrollment, Registration], IntuneTroubleshooting, Several, "the user may not join devices to Microsoft Entra",
            &["the user's device limit", "the setting for who may join devices", "a type restriction", "Windows Home"]),
        entry(&[0x801c_000e], &[Enrollment, Registration], IntuneTroubleshooting, One, "the user has too many devices in Microsoft Entra", &["the user's device limit"]),
        entry(&[0x8103_9001, 0x8103_9023, 0x8103_9024], &[Enrollment], AutopilotKnownIssues, Several,
            "the TPM could not be attested, which only pre-provisioning and self-deploying need",
            &["a profile that is not user-driven", TPM]),
        entry(&[0x8007_0490], &[Enrollment, StatusPage, Registration], AutopilotKnownIssues, Generic, "an element was not found",
            &["TPM attestation, which user-driven hybrid join does not perform"]),
        entry(&[0x8007_0032], &[Enrollment, StatusPage], WindowsCodes, Generic, "the request is not supported", &[]),
        entry(&[0x8019_0190], &[Enrollment, StatusPage], WindowsCodes, Generic, "the server returned HTTP 400", &[]),

        // The domain join on the device.
        entry(&[0x8007_0774, 1908], &[DomainJoin], IntuneTroubleshooting, Several, "no domain controller could be reached",
            &["no connection to a domain controller", "no request reached a connector", "the connector could not create the computer account",
              "a user is assigned to the device", "the domain of the domain join profile is not the connector's"]),
        entry(&[0x8007_052e, 1326], &[DomainJoin, SignIn], WindowsCodes, Several, "a name or a password is wrong",
            &["the password is wrong", "the account's password has changed"]),
        entry(&[0x8007_054b, 1355], &[DomainJoin, Connector], WindowsCodes, Several, "the domain was not found",
            &["the name servers do not know the domain", "no domain controller can be reached"]),
        entry(&[0x8007_232a, 0x8007_232b], &[DomainJoin], WindowsCodes, Several, "a name was not resolved",
            &["the name server failed", "the name does not exist"]),

        // The connector's server.
        entry(&[0x0000_0800], &[Connector], IntuneTroubleshooting, Several, "the connector could not create the computer account",
            &["missing rights on the organizational unit", "another Windows error, which is reported next to the code"]),
        entry(&[0x0fff_ffff], &[Connector], IntuneTroubleshooting, One, "the connector could not get the address of its service", &["a proxy on the connector's server"]),
        entry(&[0xaac, 0x8007_0aac], &[Connector, DomainJoin], WindowsCodes, One, "the account exists, and its reuse is blocked", &["an account with this name and another owner"]),
        entry(&[0x8b0, 0x8007_08b0], &[Connector, DomainJoin], WindowsCodes, Generic, "the account already exists", &["a join that then reuses the account"]),
        entry(&[0x216d, 0x8007_216d], &[Connector, DomainJoin], WindowsCodes, One, "the machine account quota is used up", &["no delegation on the organizational unit"]),
        entry(&[0x8bf], &[Connector, DomainJoin], WindowsCodes, One, "the account has expired", &["an expired account"]),
        entry(&[1317], &[Connector, Registration], WindowsCodes, Generic, "the account does not exist", &["replication between domain controllers"]),
        entry(&[1385], &[Connector], WindowsCodes, Generic, "the logon type is not granted", &[]),
        entry(&[1722, 1753], &[Connector, DomainJoin], WindowsCodes, Generic, "the RPC server cannot be reached", &[]),

        // The enrollment status page and its apps.
        entry(&[0x8007_05b4], &[DomainJoin, StatusPage, Enrollment], IntuneTroubleshooting, Generic, "a time limit was reached", &[]),
        entry(&[0x8007_04c7], &[StatusPage], PublicTool, Generic, "the operation was canceled", &[]),
        entry(&[0x8103_6502], &[StatusPage], ThirdParty, Generic, "a required app failed", &[]),
        entry(&[0x87d1_041c], &[StatusPage], IntuneTroubleshooting, One, "an app was installed, and its detection rule does not find it", &["a wrong detection rule"]),
        entry(&[0x87d3_0065, 0x87d3_0067, 0x87d3_0068, 0x87d3_006a], &[StatusPage], PublicTool, Several, "the content of an app did not arrive",
            &["the delivery network cannot be reached", "the content could not be unpacked"]),
        entry(&[0x87d3_00c9], &[StatusPage], PublicTool, Generic, "the installer is no longer monitored", &[]),
        entry(&[0x87d0_0213, 0x87d0_0215, 0x87d0_0216, 0x87d0_0324, 0x87d0_0607, 0x87d0_0651], &[StatusPage], PublicTool, Generic,
            "an app is not applicable, not detected, or missing", &[]),
        entry(&[0x87d1_fde8], &[StatusPage], ThirdParty, Generic, "a policy was not applied", &[]),
        entry(&[0x87d1_3b9f], &[StatusPage], ThirdParty, Generic, "an app failed", &[]),
        entry(&[1602], &[StatusPage], WindowsCodes, One, "the installation was canceled", &["a canceled installer"]),
        entry(&[1603, 0x8007_0643], &[StatusPage], WindowsCodes, Generic, "the installer failed", &[]),
        entry(&[1618, 0x8007_0652], &[StatusPage], WindowsCodes, One, "another installation is running", &["two installers at once"]),
        entry(&[1619, 1620, 1622, 1624, 1625, 1633, 1638], &[StatusPage], WindowsCodes, Generic, "the installer rejected the package", &[]),
        entry(&[0x8007_0658], &[StatusPage], WindowsCodes, Generic, "the source of the package cannot be used", &[]),
        entry(&[1641, 3010], &[StatusPage], WindowsCodes, One, "the installation succeeded and needs a restart", &["an app that needs a restart"]),
        entry(&[0x8007_0070], &[StatusPage], WindowsCodes, One, "the disk is full", &["a full disk"]),
        entry(&[0x8007_0005], &[StatusPage, Connector, Enrollment], WindowsCodes, Generic, "access was denied", &[]),
        entry(&[0x8007_0020], &[StatusPage], WindowsCodes, Generic, "a file is in use", &[]),
        entry(&[0x8007_3cf0, 0x8007_3cf3, 0x8007_3cf9, 0x8007_3cfb, 0x8007_3cff, 0x8007_3d06], &[StatusPage], WindowsCodes, Generic,
            "a Store app was not installed", &["a license that has not arrived yet", "conditional access that requires compliance"]),

        // The network, in any phase.
        entry(&[0x8007_2ee2, 0x8007_2ee7, 0x8007_2efd, 0x8007_2efe, 12002, 12007, 12029, 12030], NETWORK, HybridJoinTroubleshooting, Several,
            "a server could not be reached", &[NO_ROUTE, "SYSTEM has no proxy"]),
        entry(&[0x8007_2f8f], NETWORK, HybridJoinTroubleshooting, Several, "the response could not be decoded", &[PROXY, CLOCK]),
        entry(&[0x8007_000d], NETWORK, HybridJoinTroubleshooting, Several, "the response is not JSON", &[PROXY, "a server that responds with a web page"]),

        // The registration.
        entry(&[0x801c_001d], &[Registration], HybridJoinTroubleshooting, Several, "the service connection point cannot be read",
            &["no service connection point", "the computer object cannot be read"]),
        entry(&[0x801c_0021, 0x801c_001f, 0x801c_003d], &[Registration], HybridJoinTroubleshooting, Generic, "the discovery failed", &[NO_ROUTE]),
        entry(&[0x801c_003a], &[Registration], HybridJoinTroubleshooting, Several, "the tenant was not found",
            &["a wrong tenant in the service connection point", "a tenant without a subscription"]),
        entry(&[0x801c_0025], &[Registration], HybridJoinTroubleshooting, One, "the registration service is busy", &["an overloaded service"]),
        entry(&[0x801c_0006], &[Registration], HybridJoinTroubleshooting, Generic, "the registration service failed", &[]),
        entry(&[0x801c_0002], &[Registration], HybridJoinTroubleshooting, Several, "the computer's certificate does not match its object",
            &["the synchronization is not complete", "a stale object"]),
        entry(&[0x801c_03f2], &[Registration], HybridJoinTroubleshooting, Several, "the device was not found in Microsoft Entra",
            &["the computer is not synchronized yet", "too many attempts in a short time", "a wrong tenant in the service connection point"]),
        entry(&[0xcaa9_0017, 0xcaa9_002c, 0xcaa9_0023, 0xcaa8_2ee2, 0xcaa8_2efe, 0xcaa8_2efd], &[Registration, SignIn], HybridJoinTroubleshooting,
            Several, "the federation service did not respond", &["disabled WS-Trust endpoints", NO_ROUTE]),
        entry(&[0xcaa8_2f8f], &[Registration, SignIn], HybridJoinTroubleshooting, Several, "the server's certificate was not validated", &[CLOCK, PROXY]),
        entry(&[0xcaa2_0003, 0xcaa9_0014, 0xcaa9_0006, 0xcaa1_002d], &[Registration, SignIn], HybridJoinTroubleshooting, Generic, "no token was issued", &[]),
        entry(&[0xcaa2_000c, 0xcaa1_0001], &[Registration, SignIn], ThirdParty, Generic, "no token was issued without user interaction", &[]),
        entry(&[0x8009_0016], &[Registration], HybridJoinTroubleshooting, Several, "the device's keys are gone", &["a cleared TPM", "a cloned image"]),
        entry(&[0x8029_0407, 0x8028_0036, 0x8009_0031], &[Registration], HybridJoinTroubleshooting, Several, "the TPM failed",
            &[TPM, "a TPM in FIPS mode", "a TPM that is locked"]),

        // The user's sign-in.
        entry(&[0xc000_006d, 0xc000_006a, 0xc000_00d0], &[SignIn], HybridJoinTroubleshooting, Several, "the sign-in was refused",
            &["a wrong password", "a password hash that is not synchronized"]),
        entry(&[0xc000_023c, 0xc000_00be, 0xc000_00c4], &[SignIn], HybridJoinTroubleshooting, Generic, "the network failed during sign-in", &[NO_ROUTE]),
        entry(&[0xc000_005e], &[SignIn], WindowsCodes, Generic, "no domain controller for the sign-in", &["no connection to a domain controller"]),
        entry(&[0xc000_005f], &[SignIn], HybridJoinTroubleshooting, Several, "the user's domain was not found in Microsoft Entra",
            &["a sign-in name suffix that is not verified", "a user who is not synchronized"]),
        entry(&[0xc004_844c, 0xc004_8442, 0xc004_84c1, 0xc004_848b, 0xc004_848c, 0xc00c_ee4f], &[SignIn], HybridJoinTroubleshooting, Generic,
            "the realm or the federation service could not be used", &[]),
    ];
}
