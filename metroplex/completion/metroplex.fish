# Completion of metroplex(8) and notifier(8) for fish. Commands, and which options they take, are the
# programs' own answer to --help; logins and threads are the tracker's.

# The words of the line so far, without options and their values.
function __metroplex_words
    set -l skip 0
    for word in (commandline -opc)
        if test $skip = 1
            set skip 0
            continue
        end
        switch $word
            case '--*=*' --announce --json --once --dry-run --help --version --jsonl --apply --revert --through-queue
            case '--*'
                set skip 1
            case '*'
                echo $word
        end
    end
end

function __metroplex_installation
    set -l words (commandline -opc)
    for i in (seq (count $words))
        switch $words[$i]
            case '--config=*' '--data=*'
                echo $words[$i]
            case --config --data
                set -l next (math $i + 1)
                test $next -le (count $words); and echo $words[$i]=$words[$next]
        end
    end
end

function __metroplex_column
    metroplex $argv[1..-2] (__metroplex_installation) 2>/dev/null </dev/null | awk -v n=$argv[-1] '{ print $n }' | sort -u
end

function __metroplex_settings
    metroplex settings --json (__metroplex_installation) 2>/dev/null </dev/null | sed -n 's/^{"key":"\([a-z.-]*\)".*/\1/p'
end

function __metroplex_complete
    set -l words (__metroplex_words)
    set -l current (commandline -ct)
    if test (count $words) -lt 3
        set -l found (command $words --help 2>/dev/null </dev/null | awk '/^Commands:/ { on = 1; next } on && !NF { exit } on { w = $1; $1 = ""; sub(/^ /, ""); print w "\t" $0 }')
        if test (count $found) -gt 0
            printf '%s\n' $found
            return
        end
    end
    switch "$words[2..-1]"
        case 'settings get' 'settings unset*'
            __metroplex_settings
        case 'settings set*'
            __metroplex_settings | string replace -r '$' =
        case 'settings secret'
            echo smtp.password
        case 'user show' 'user set' 'user revoke'
            __metroplex_column user list 2
        case 'repository show' 'repository set'
            __metroplex_column thread list 4
        case address preview 'thread show' 'thread export' 'thread comment' 'thread close' 'thread reopen' 'thread lock' 'thread unlock' 'thread subscribe' 'thread unsubscribe'
            __metroplex_column thread list 1
        case 'address *' 'preview *' 'thread subscribe *' 'thread unsubscribe *'
            __metroplex_column user list 2
        case 'check*'
            command metroplex check --help 2>/dev/null </dev/null | sed -n 's/^Groups: \(.*\)\./\1 all/p' | tr -d , | tr ' ' '\n'
        case '*'
            __fish_complete_path $current
    end
end

# Whether the command that is being typed takes the option. Asked once for each line's words.
function __metroplex_takes
    set -l words (__metroplex_words)
    test (count $words) = 1; and set words $words --once
    set words $words[1..3]
    if test "$__metroplex_asked" != "$words"
        set -g __metroplex_asked "$words"
        set -g __metroplex_options (command $words --help 2>/dev/null </dev/null | awk '/^  +(-., )?--/ { sub(/^ +(-., )?--/, ""); sub(/[ =].*/, ""); print }')
    end
    contains -- $argv[1] $__metroplex_options
end

for program in metroplex notifier
    complete -c $program -f -a '(__metroplex_complete)'
    for option in announce apply dry-run help json jsonl once revert through-queue version
        complete -c $program -n "__metroplex_takes $option" -l $option
    end
    for option in add-email email for hostname key link login name object remove-email title unsuppress verify
        complete -c $program -n "__metroplex_takes $option" -l $option -x
    end
    for option in config sent
        complete -c $program -n "__metroplex_takes $option" -l $option -r -F
    end
    complete -c $program -n '__metroplex_takes data' -l data -x -a '(__fish_complete_directories)'
    for option in as watch unwatch member no-member
        complete -c $program -n "__metroplex_takes $option" -l $option -x -a '(__metroplex_column user list 2)'
    end
    complete -c $program -n '__metroplex_takes repository' -l repository -x -a '(__metroplex_column thread list 4)'
    complete -c $program -n '__metroplex_takes format' -l format -x -a 'json mbox'
    complete -c $program -n '__metroplex_takes kind' -l kind -x -a 'issue pull commit'
    complete -c $program -n '__metroplex_takes purpose' -l purpose -x -a 'reply unsub bounce'
    complete -c $program -n '__metroplex_takes language' -l language -x -a 'en fr'
    complete -c $program -n '__metroplex_takes reply' -l reply -x -a 'on members off'
    complete -c $program -n '__metroplex_takes owner' -l owner -x -a '(__fish_complete_users)'
    complete -c $program -n '__metroplex_takes state; and contains -- user (__metroplex_words)' -l state -x -a 'active suspended'
    complete -c $program -n '__metroplex_takes state; and contains -- thread (__metroplex_words)' -l state -x -a 'open closed'
end
