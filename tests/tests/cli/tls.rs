//! TLS against a real server with certificates of our own.

use std::fs;

use oosync_tests::{Cluster, ClusterOptions, TestDatabase};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use crate::project::Project;

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A server that takes TLS connections only, with a certificate for `name`.
fn server(authority: &CertifiedIssuer<'static, KeyPair>, name: &str) -> Cluster {
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, authority).unwrap();
    Cluster::private(&ClusterOptions {
        settings: vec!["ssl=on".to_owned()],
        hba: Some("hostssl all all 127.0.0.1/32 trust\n".to_owned()),
        files: vec![
            ("server.crt".to_owned(), certificate.pem()),
            ("server.key".to_owned(), key.serialize_pem()),
        ],
        binaries: None,
    })
}

#[test]
fn sslmode_decides_how_much_is_checked() {
    let (ours, other) = (authority(), authority());
    let project = Project::new();
    fs::write(project.path("ours.pem"), ours.pem()).unwrap();
    fs::write(project.path("other.pem"), other.pem()).unwrap();
    fs::write(project.path("empty.pem"), "").unwrap();
    let (right_name, wrong_name) = (server(&ours, "127.0.0.1"), server(&ours, "db.example.org"));
    let snapshot = |cluster: &Cluster, parameters: &str| {
        let url = format!("{}?{parameters}", cluster.url("postgres"));
        project.run(&["snapshot", "--database-url", &url])
    };
    for parameters in [
        "sslmode=prefer",
        "sslmode=require",
        "sslmode=require&sslrootcert=ours.pem",
        "sslmode=verify-ca&sslrootcert=ours.pem",
        "sslmode=verify-full&sslrootcert=ours.pem",
    ] {
        let output = snapshot(&right_name, parameters);
        assert_eq!(output.code, 0, "{parameters}: {output:?}");
    }
    for parameters in ["sslmode=require", "sslmode=verify-ca&sslrootcert=ours.pem"] {
        let output = snapshot(&wrong_name, parameters);
        assert_eq!(output.code, 0, "another name does not matter to {parameters}: {output:?}");
    }
    let refused = [
        (&right_name, "sslmode=disable", "no pg_hba.conf entry"),
        (&right_name, "sslmode=require&sslrootcert=other.pem", "invalid peer certificate"),
        (&right_name, "sslmode=verify-ca&sslrootcert=other.pem", "invalid peer certificate"),
        (&right_name, "sslmode=verify-full&sslrootcert=other.pem", "invalid peer certificate"),
        (&right_name, "sslmode=verify-full", "no TLS connection"),
        (&right_name, "sslmode=verify-full&sslrootcert=empty.pem", "there is no certificate in it"),
        (&right_name, "sslmode=verify-full&sslrootcert=nowhere.pem", "the root certificate nowhere.pem"),
        (&wrong_name, "sslmode=verify-full&sslrootcert=ours.pem", "not valid for name"),
    ];
    for (cluster, parameters, reason) in refused {
        let output = snapshot(cluster, parameters);
        assert_eq!(output.code, 3, "{parameters}: {output:?}");
        assert!(output.stderr.contains(reason), "{parameters}: {output:?}");
    }
    let doctor = format!("{}?sslmode=require", right_name.url("postgres"));
    assert!(project.run(&["doctor", "--database-url", &doctor]).stdout.contains("encryption   TLSv1.3"));
}

#[test]
fn a_server_without_tls_is_refused_where_tls_is_required() {
    let database = TestDatabase::empty();
    let project = Project::new();
    let url = format!("{}?sslmode=require", database.url());
    insta::assert_snapshot!(project.run(&["snapshot", "--database-url", &url]).all(), @r"
    exit code 3
    --- stderr
    error: no TLS connection to postgres@127.0.0.1:[port]/oosync_test_[process]_[number]: server does not support TLS
     |
     = help: name the authority with `sslrootcert=FILE`, or choose `sslmode=require` (no check of the certificate) or `sslmode=disable` (no TLS)
    ");
    assert_eq!(
        project.run(&["snapshot", "--database-url", &format!("{}?sslmode=prefer", database.url())]).code,
        0
    );
}
