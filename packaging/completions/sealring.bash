# bash completion for sealring(1); put it into /usr/share/bash-completion/completions/sealring.

# Names of the keys that are there; nothing is started for them.
_sealring_keys() {
    sealring status >/dev/null 2>&1 && sealring key list --json 2>/dev/null </dev/null |
        grep -o '"name":"[^"\\]*"' | cut -d'"' -f4
}

# Ids of the OAuth accounts that are there.
_sealring_accounts() {
    sealring status >/dev/null 2>&1 && sealring account list --json 2>/dev/null </dev/null |
        grep -o '"id":"[A-Za-z0-9]*"' | cut -d'"' -f4
}

# Ids of the TinyCloud sessions that are there.
_sealring_sessions() {
    sealring status >/dev/null 2>&1 && sealring session list --json 2>/dev/null </dev/null |
        grep -o '"session":"[A-Za-z0-9_-]*"' | cut -d'"' -f4
}

_sealring_browsers() {
    echo chrome chrome-beta chrome-unstable chromium brave edge vivaldi opera helium firefox zen thunderbird \
        librewolf waterfox tor-browser
}

_sealring_options() {
    case $1 in
    'key create') echo --name --type --seal --passphrase-fd ;;
    'key import') echo --format --name --type --passphrase-fd ;;
    'key export') echo --format --output --passphrase-fd ;;
    'key seal' | 'key unseal' | unlock* | 'store move' | 'pkcs11 pin') echo --passphrase-fd ;;
    'siwe sign') echo --key ;;
    'siwe verify') echo --signature --domain --nonce --time ;;
    'siwe check') echo --jsonl --recap ;;
    sign*) echo --personal --typed-data --key ;;
    'grant add') echo --extension --origin --program --key --token --like --days ;;
    'session logout') echo --revoke ;;
    login*) echo --issuer --client-id --scope --login-hint --client-secret-fd --print-url --device --dpop ;;
    token*) echo --min-valid ;;
    'client register') echo --server --admin-key-fd --remember-key --name --type --redirect-uris --uri --keep-for ;;
    'client update') echo --server --admin-key-fd --remember-key --name --redirect-uris --uri ;;
    'client '*) echo --server --admin-key-fd --remember-key ;;
    log*) echo --limit --follow --verify ;;
    'agent start') echo --passphrase-fd --foreground ;;
    'browser install') echo --extension --system --all ;;
    'browser uninstall') echo --extension --system ;;
    'browser list') echo --all ;;
    esac
    echo --json --help
}

_sealring_words() {
    local command=$1 last=$2
    case $last in
    --type) [[ $command == client* ]] && echo spa native web && return
        echo secp256k1 p256 ed25519 && return ;;
    --format) echo hex keystore && return ;;
    --key) _sealring_keys && return ;;
    --token) echo accounts keys && return ;;
    esac
    case $command in
    '') echo key siwe sign grant session login token account client log lock unlock status agent store browser pkcs11 doctor help --version --help ;;
    key) echo create import export list show rename default seal unseal delete ;;
    siwe) echo sign verify parse check ;;
    grant) echo list add revoke ;;
    session) echo list show logout ;;
    account) echo list show logout ;;
    client) echo register list show update disable enable delete ;;
    agent) echo start stop ;;
    store) echo show move ;;
    browser) echo install uninstall list ;;
    'browser install' | 'browser uninstall')
        _sealring_browsers
        _sealring_options "$command"
        ;;
    pkcs11) echo status pin ;;
    'pkcs11 pin') echo set change remove && _sealring_options "$command" ;;
    'store move') echo secret-service vault && _sealring_options "$command" ;;
    'key show' | 'key rename' | 'key default' | 'key delete' | 'key export' | 'key seal' | 'key unseal')
        _sealring_keys
        _sealring_options "$command"
        ;;
    token | 'account show' | 'account logout')
        _sealring_accounts
        _sealring_options "$command"
        ;;
    'session show' | 'session logout')
        _sealring_sessions
        _sealring_options "$command"
        ;;
    *) _sealring_options "$command" ;;
    esac
}

_sealring() {
    local current=${COMP_WORDS[COMP_CWORD]} last=${COMP_WORDS[COMP_CWORD - 1]}
    local IFS=$' \t\n' command
    command="${COMP_WORDS[*]:1:$((COMP_CWORD > 3 ? 2 : COMP_CWORD - 1))}"
    case $last in
    --output | --like | --program) mapfile -t COMPREPLY < <(compgen -f -- "$current") && return ;;
    esac
    case $command in
    key\ import* | siwe\ sign* | siwe\ verify* | siwe\ parse* | siwe\ check* | sign*)
        mapfile -t COMPREPLY < <(compgen -f -W "$(_sealring_words "$command" "$last")" -- "$current")
        ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$(_sealring_words "$command" "$last")" -- "$current") ;;
    esac
}

complete -F _sealring sealring
