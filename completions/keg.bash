# SPDX-License-Identifier: Apache-2.0
# bash completion of keg's programs: each answers from its own tables.
_keg() {
	local IFS=$'\n'
	COMPREPLY=($("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _keg keg kegcopy kegrun
