# SPDX-License-Identifier: Apache-2.0
# fish completion of keg's programs: each answers from its own tables.
function __keg_candidates
    set -l words (commandline -opc)
    $words[1] __complete $words[2..-1] (commandline -ct) 2>/dev/null
end
for program in keg kegcopy kegrun
    complete -c $program -a '(__keg_candidates)'
end
