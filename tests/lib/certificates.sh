#!/bin/sh
# Makes the certificates that TLS tests need: certificates.sh DIR
#
#   ca.pem            the authority that a client is told to trust
#   good.pem          for localhost and 127.0.0.1, by that authority
#   wrong-name.pem    by that authority, for another host
#   expired.pem       as good.pem, but of the year 2020
#   self-signed.pem   for localhost, by nobody
#   host.pem          for git.example.org and reply.git.example.org, by an authority below that one
#   chain.pem         host.pem, and the certificate of that authority: what a server is to show
#
# Each has its key beside it, NAME.key, and chain.pem that of host.pem. Keys are of P-256: all in a
# fifth of a second.
set -eu

directory=${1:?usage: certificates.sh DIR}
mkdir -p "$directory"
cd "$directory"
umask 077

cat >openssl.cnf <<'END'
[ca]
default_ca = test
[test]
database = index
new_certs_dir = .
rand_serial = yes
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = none
[none]
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
[here]
basicConstraints = CA:false
subjectAltName = DNS:localhost, IP:127.0.0.1
[elsewhere]
basicConstraints = CA:false
subjectAltName = DNS:elsewhere.example.org
[host]
basicConstraints = CA:false
subjectAltName = DNS:git.example.org, DNS:reply.git.example.org
END
: >index

make_key() {
    openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"
}

# by_nobody NAME SUBJECT EXTENSIONS
by_nobody() {
    make_key "$1"
    openssl req -config openssl.cnf -x509 -new -key "$1.key" -subj "/CN=$2" -days 3650 \
        -extensions "$3" -out "$1.pem"
}

# by_authority NAME SUBJECT EXTENSIONS FROM TO [AUTHORITY]
by_authority() {
    make_key "$1"
    openssl req -config openssl.cnf -new -key "$1.key" -subj "/CN=$2" -out "$1.csr"
    openssl ca -config openssl.cnf -batch -notext -cert "${6-ca}.pem" -keyfile "${6-ca}.key" \
        -in "$1.csr" -extensions "$3" -startdate "$4" -enddate "$5" -out "$1.pem" 2>ca.log || {
        cat ca.log >&2
        return 1
    }
}

by_nobody ca "Test authority" authority
by_nobody self-signed localhost here
by_authority good localhost here 20200101000000Z 20450101000000Z
by_authority wrong-name elsewhere.example.org elsewhere 20200101000000Z 20450101000000Z
by_authority expired localhost here 20200101000000Z 20200102000000Z
by_authority below "Test authority below" authority 20200101000000Z 20450101000000Z
by_authority host git.example.org host 20200101000000Z 20450101000000Z below
cat host.pem below.pem >chain.pem
rm -f -- *.csr index* ca.log openssl.cnf [0-9A-F]*.pem
