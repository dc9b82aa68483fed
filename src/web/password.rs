//! The password of the admin page: hashed with Argon2id, as a PHC string.

use argon2::{
    Argon2,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use rand::{TryRngCore as _, rngs::OsRng};

/// A password that could not be hashed or checked.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// The operating system gave no random bytes for the salt.
    #[error("the operating system gives no random bytes; try again")]
    Salt(#[source] rand::rand_core::OsError),
    /// The password cannot be hashed.
    #[error("this password cannot be hashed; choose another one")]
    Hash(#[source] argon2::password_hash::Error),
    /// What is configured is no hash.
    #[error("admin.password_hash is no argon2 hash; `ponte password` makes one")]
    NoHash(#[source] argon2::password_hash::phc::Error),
}

/// The PHC string of a password, with a new salt and the parameters that OWASP recommends
/// (19 MiB, two passes).
pub fn hash(password: &str) -> Result<String, PasswordError> {
    let mut salt = [0; 16];
    OsRng.try_fill_bytes(&mut salt).map_err(PasswordError::Salt)?;
    let hash: PasswordHash = Argon2::default()
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map_err(PasswordError::Hash)?;
    Ok(hash.to_string())
}

/// Whether `password` is the one that `hash` was made of; takes a core for tens of milliseconds.
pub fn verify(password: &[u8], hash: &str) -> Result<bool, PasswordError> {
    let hash = PasswordHash::new(hash).map_err(PasswordError::NoHash)?;
    // The parameters are those of the hash.
    Ok(Argon2::default().verify_password(password, &hash).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_verifies_its_password_only_and_has_a_salt_of_its_own() {
        let (one, other) = (hash("café com açúcar").unwrap(), hash("café com açúcar").unwrap());
        assert!(one.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{one}");
        assert_ne!(one, other);
        assert!(verify("café com açúcar".as_bytes(), &one).unwrap());
        assert!(!verify(b"cafe com acucar", &one).unwrap());
        assert!(!verify(b"", &one).unwrap());
    }

    #[test]
    fn what_is_no_hash_is_told_and_not_a_wrong_password() {
        for wrong in ["", "secret", "$argon2id$", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$%%%%"] {
            assert!(matches!(verify(b"secret", wrong), Err(PasswordError::NoHash(_))), "{wrong}");
        }
    }
}
