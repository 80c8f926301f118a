//! A certificate authority for one test, and a certificate for localhost signed by it.

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};

/// Files of a freshly made authority in `dir`: `ca.crt`, `tls.crt`, `tls.key`, all PEM.
pub(crate) struct Certificate {
    /// The server certificate, DER.
    pub(crate) der: Vec<u8>,
    /// The server's private key (P-256), PKCS#8 DER.
    pub(crate) key: Vec<u8>,
}

/// Makes an authority and a certificate for `localhost` and `127.0.0.1`, and writes them to `dir`.
pub(crate) fn create(dir: &Path) -> Result<Certificate, Box<dyn std::error::Error>> {
    let mut authority = CertificateParams::new(Vec::new())?;
    authority.distinguished_name.push(DnType::CommonName, "lambark test authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    let authority_key = KeyPair::generate()?;
    let authority_certificate = authority.self_signed(&authority_key)?;
    let issuer = Issuer::new(authority, authority_key);

    let mut server = CertificateParams::new(vec!["localhost".to_owned(), "127.0.0.1".to_owned()])?;
    server.distinguished_name.push(DnType::CommonName, "localhost");
    server.use_authority_key_identifier_extension = true;
    let server_key = KeyPair::generate()?;
    let certificate = server.signed_by(&server_key, &issuer)?;

    std::fs::write(dir.join("ca.crt"), authority_certificate.pem())?;
    std::fs::write(dir.join("tls.crt"), certificate.pem())?;
    std::fs::write(dir.join("tls.key"), server_key.serialize_pem())?;
    Ok(Certificate { der: certificate.der().to_vec(), key: server_key.serialize_der() })
}
