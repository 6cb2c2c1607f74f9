# Completion of metroplex(8) and notifier(8) for bash. Commands and options are the programs' own
# answer to --help, so that nothing here goes out of date; logins and threads are the tracker's.

# The words of the table under "Commands:".
_metroplex_commands() {
    "$@" --help 2>/dev/null </dev/null |
        awk '/^Commands:/ { on = 1; next } on && !NF { exit } on { print $1 }'
}

_metroplex_options() {
    "$@" --help 2>/dev/null </dev/null |
        awk '/^  +(-., )?--/ { sub(/^ +(-., )?/, ""); sub(/[ ].*/, ""); sub(/=.*/, "="); print }'
}

# The options that say which installation is meant, as they stand on the line so far.
_metroplex_installation() {
    local i
    installation=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        --config | --data)
            if [[ ${COMP_WORDS[i + 1]} == = ]]; then
                installation+=("${COMP_WORDS[i]}=${COMP_WORDS[i + 2]}")
            else
                installation+=("${COMP_WORDS[i]}=${COMP_WORDS[i + 1]}")
            fi
            ;;
        esac
    done
}

_metroplex_logins() {
    metroplex user list "${installation[@]}" 2>/dev/null </dev/null | awk '{ print $2 }'
}

_metroplex_threads() {
    metroplex thread list "${installation[@]}" 2>/dev/null </dev/null | awk '{ print $1 }'
}

_metroplex_repositories() {
    metroplex thread list "${installation[@]}" 2>/dev/null </dev/null | awk '{ print $4 }' | sort -u
}

# The line "Groups: config, files, …" of its --help.
_metroplex_check_groups() {
    metroplex check --help 2>/dev/null </dev/null | sed -n 's/^Groups: \(.*\)\./\1 all/p' | tr -d ,
}

_metroplex_settings() {
    metroplex settings --json "${installation[@]}" 2>/dev/null </dev/null | sed -n 's/^{"key":"\([a-z.-]*\)".*/\1/p'
}

# The words of the command so far, without options and their values: metroplex thread close 17.
_metroplex_words() {
    local i
    words=("${COMP_WORDS[0]}")
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        --announce | --json | --once | --dry-run | --help | --version | --jsonl | --apply | --revert | --through-queue) ;;
        --*)
            ((i++))
            [[ ${COMP_WORDS[i]} == = ]] && ((i++))
            ;;
        *) words+=("${COMP_WORDS[i]}") ;;
        esac
    done
}

# What the value of an option may be; fails where the word before is none of them.
_metroplex_value() {
    case $1 in
    --config | --data | --sent) compopt -o default 2>/dev/null ;;
    --as | --watch | --unwatch | --member | --no-member) choices=$(_metroplex_logins) ;;
    --repository) choices=$(_metroplex_repositories) ;;
    --kind) choices='issue pull commit' ;;
    --purpose) choices='reply unsub bounce' ;;
    --reply) choices='on members off' ;;
    --owner) choices=$(compgen -u) ;;
    --state) [[ ${words[1]} == user ]] && choices='active suspended' || choices='open closed' ;;
    --hostname | --name | --email | --add-email | --remove-email | --key | --login | --title | --object | --link | --for | --verify) ;;
    *) return 1 ;;
    esac
}

# What a command takes after its own words.
_metroplex_argument() {
    case "${words[*]:1}" in
    'settings get' | 'settings unset'*) choices=$(_metroplex_settings) ;;
    'settings set'*) choices=$(_metroplex_settings | sed 's/$/=/') ;;
    'settings secret') choices=smtp.password ;;
    'user show' | 'user set' | 'user revoke') choices=$(_metroplex_logins) ;;
    'repository show' | 'repository set') choices=$(_metroplex_repositories) ;;
    address | preview | 'thread show' | 'thread comment' | 'thread close' | 'thread reopen' | 'thread lock' | \
        'thread unlock' | 'thread subscribe' | 'thread unsubscribe') choices=$(_metroplex_threads) ;;
    'address '* | 'preview '* | 'thread subscribe '* | 'thread unsubscribe '*) choices=$(_metroplex_logins) ;;
    check*) choices=$(_metroplex_check_groups) ;;
    *) compopt -o default 2>/dev/null ;;
    esac
}

_metroplex() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} choices='' commands
    local words installation
    [[ $current == = ]] && current=''
    [[ $before == = ]] && before=${COMP_WORDS[COMP_CWORD - 2]}
    _metroplex_words
    _metroplex_installation
    COMPREPLY=()
    if ! _metroplex_value "$before"; then
        if [[ $current == -* ]]; then
            if ((${#words[@]} == 1)); then # the program itself: its --help is the table of commands
                words+=(--once)
            fi
            choices=$(_metroplex_options "${words[@]:0:3}")
        else
            commands=$(_metroplex_commands "${words[@]}")
            if [[ -n $commands ]] && ((${#words[@]} < 3)); then
                choices=$commands
            else
                _metroplex_argument
            fi
        fi
    fi
    mapfile -t COMPREPLY < <(compgen -W "$choices" -- "$current")
    [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
    return 0
}

complete -F _metroplex metroplex notifier
