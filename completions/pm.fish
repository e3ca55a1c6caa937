# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_pm_global_optspecs
    string join \n o/output= fields= server= seller= context= color= q/quiet v/verbose y/yes h/help V/version
end

function __fish_pm_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_pm_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_pm_using_subcommand
    set -l cmd (__fish_pm_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c pm -n "__fish_pm_needs_command" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_needs_command" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_needs_command" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_needs_command" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_needs_command" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_needs_command" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_needs_command" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_needs_command" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_needs_command" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_needs_command" -s h -l help -d 'Print help'
complete -c pm -n "__fish_pm_needs_command" -s V -l version -d 'Print version'
complete -c pm -n "__fish_pm_needs_command" -f -a "products" -d 'List, show and change products'
complete -c pm -n "__fish_pm_needs_command" -f -a "product" -d 'List, show and change products'
complete -c pm -n "__fish_pm_needs_command" -f -a "p" -d 'List, show and change products'
complete -c pm -n "__fish_pm_needs_command" -f -a "import" -d 'Import products from CSV files'
complete -c pm -n "__fish_pm_needs_command" -f -a "imports" -d 'List, follow and cancel imports'
complete -c pm -n "__fish_pm_needs_command" -f -a "export" -d 'Export products as CSV'
complete -c pm -n "__fish_pm_needs_command" -f -a "events" -d 'Follow live events or read past ones'
complete -c pm -n "__fish_pm_needs_command" -f -a "stats" -d 'Show totals of products and their changes'
complete -c pm -n "__fish_pm_needs_command" -f -a "health" -d 'Check the health of the server and its dependencies'
complete -c pm -n "__fish_pm_needs_command" -f -a "context" -d 'Manage contexts: named groups of settings'
complete -c pm -n "__fish_pm_needs_command" -f -a "config" -d 'Show and change settings'
complete -c pm -n "__fish_pm_needs_command" -f -a "auth" -d 'Store and check the API key for a server'
complete -c pm -n "__fish_pm_needs_command" -f -a "api" -d 'Send a request to any endpoint of the API'
complete -c pm -n "__fish_pm_needs_command" -f -a "completions" -d 'Generate shell completions'
complete -c pm -n "__fish_pm_needs_command" -f -a "man" -d 'Generate the manual pages'
complete -c pm -n "__fish_pm_needs_command" -f -a "version" -d 'Show the versions of client and server'
complete -c pm -n "__fish_pm_needs_command" -f -a "help" -d 'Show help for a command or a topic'
complete -c pm -n "__fish_pm_using_subcommand products; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand products; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand products; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand products; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand products; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand products; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand products; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand products; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand products; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand products; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -s h -l help -d 'Print help'
complete -c pm -n "__fish_pm_using_subcommand products; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -f -a "list" -d 'List products'
complete -c pm -n "__fish_pm_using_subcommand products; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -f -a "ls" -d 'List products'
complete -c pm -n "__fish_pm_using_subcommand products; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -f -a "get" -d 'Show products'
complete -c pm -n "__fish_pm_using_subcommand products; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -f -a "create" -d 'Create a product'
complete -c pm -n "__fish_pm_using_subcommand products; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -f -a "update" -d 'Change fields of a product; other fields keep their values'
complete -c pm -n "__fish_pm_using_subcommand products; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -f -a "delete" -d 'Delete products; `pm products restore` brings them back'
complete -c pm -n "__fish_pm_using_subcommand products; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -f -a "rm" -d 'Delete products; `pm products restore` brings them back'
complete -c pm -n "__fish_pm_using_subcommand products; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -f -a "restore" -d 'Restore deleted products'
complete -c pm -n "__fish_pm_using_subcommand products; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -f -a "stock" -d 'Add to or take from the stock of a product, atomically'
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from list" -l sort-by -d 'created_at, name, price, quantity or updated_at' -r -f -a "created_at\t''
name\t''
price\t''
quantity\t''
updated_at\t''"
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from list" -l sort-order -d 'desc or asc' -r -f -a "desc\t''
asc\t''"
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from list" -s L -l limit -d 'Maximum number of products' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from list" -l page -d 'Page number, from 1, with --limit products per page' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from list" -l category -d 'Only this category' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from list" -l sku -d 'Only this sku' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from list" -s S -l search -d 'Only products with this text in name, description or sku' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from list" -l min-price -d 'At least this price' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from list" -l max-price -d 'At most this price' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from list" -l min-quantity -d 'At least this many in stock' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from list" -l max-quantity -d 'At most this many in stock' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from list" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from list" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from list" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from list" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from list" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from list" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from list" -l all -d 'List every product'
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from ls" -l sort-by -d 'created_at, name, price, quantity or updated_at' -r -f -a "created_at\t''
name\t''
price\t''
quantity\t''
updated_at\t''"
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from ls" -l sort-order -d 'desc or asc' -r -f -a "desc\t''
asc\t''"
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from ls" -s L -l limit -d 'Maximum number of products' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from ls" -l page -d 'Page number, from 1, with --limit products per page' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from ls" -l category -d 'Only this category' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from ls" -l sku -d 'Only this sku' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from ls" -s S -l search -d 'Only products with this text in name, description or sku' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from ls" -l min-price -d 'At least this price' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from ls" -l max-price -d 'At most this price' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from ls" -l min-quantity -d 'At least this many in stock' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from ls" -l max-quantity -d 'At most this many in stock' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from ls" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from ls" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from ls" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from ls" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from ls" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from ls" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from ls" -l all -d 'List every product'
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from ls" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from ls" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from get" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from get" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from get" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from get" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from get" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from get" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from get" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from get" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from get" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help'
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from create" -l name -d '1 to 255 characters' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from create" -l price -d 'A decimal number such as 19.99' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from create" -l quantity -d 'Units in stock' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from create" -l category -d '1 to 100 characters' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from create" -l sku -d 'Unique among the seller\'s products' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from create" -l description -d 'At most 2,000 characters' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from create" -l low-stock-threshold -d 'Stock below this counts as low' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from create" -l attribute -d 'Another attribute; may be repeated; together they replace the existing attributes' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from create" -l input -d 'Read the fields as a JSON object from a file; - is standard input; flags override them' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from create" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from create" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from create" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from create" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from create" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from create" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from create" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from create" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from update" -l clear -d 'Empty these fields' -r -f -a "description\t''
sku\t''
low_stock_threshold\t''
attributes\t''"
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from update" -l if-version -d 'Only if the product still has this version' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from update" -l name -d '1 to 255 characters' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from update" -l price -d 'A decimal number such as 19.99' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from update" -l quantity -d 'Units in stock' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from update" -l category -d '1 to 100 characters' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from update" -l sku -d 'Unique among the seller\'s products' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from update" -l description -d 'At most 2,000 characters' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from update" -l low-stock-threshold -d 'Stock below this counts as low' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from update" -l attribute -d 'Another attribute; may be repeated; together they replace the existing attributes' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from update" -l input -d 'Read the fields as a JSON object from a file; - is standard input; flags override them' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from update" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from update" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from update" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from update" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from update" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from update" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from update" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from update" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from update" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from delete" -l if-version -d 'Only if the product still has this version' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from delete" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from delete" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from delete" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from delete" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from delete" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from delete" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from delete" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from rm" -l if-version -d 'Only if the product still has this version' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from rm" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from rm" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from rm" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from rm" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from rm" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from rm" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from rm" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from rm" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from rm" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from restore" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from restore" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from restore" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from restore" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from restore" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from restore" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from restore" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from restore" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from restore" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from restore" -s h -l help -d 'Print help'
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from stock" -l reason -d 'Reason for the change' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from stock" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from stock" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from stock" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from stock" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from stock" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from stock" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from stock" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from stock" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from stock" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand products; and __fish_seen_subcommand_from stock" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pm -n "__fish_pm_using_subcommand product; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand product; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand product; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand product; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand product; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand product; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand product; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand product; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand product; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand product; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -s h -l help -d 'Print help'
complete -c pm -n "__fish_pm_using_subcommand product; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -f -a "list" -d 'List products'
complete -c pm -n "__fish_pm_using_subcommand product; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -f -a "ls" -d 'List products'
complete -c pm -n "__fish_pm_using_subcommand product; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -f -a "get" -d 'Show products'
complete -c pm -n "__fish_pm_using_subcommand product; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -f -a "create" -d 'Create a product'
complete -c pm -n "__fish_pm_using_subcommand product; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -f -a "update" -d 'Change fields of a product; other fields keep their values'
complete -c pm -n "__fish_pm_using_subcommand product; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -f -a "delete" -d 'Delete products; `pm products restore` brings them back'
complete -c pm -n "__fish_pm_using_subcommand product; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -f -a "rm" -d 'Delete products; `pm products restore` brings them back'
complete -c pm -n "__fish_pm_using_subcommand product; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -f -a "restore" -d 'Restore deleted products'
complete -c pm -n "__fish_pm_using_subcommand product; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -f -a "stock" -d 'Add to or take from the stock of a product, atomically'
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from list" -l sort-by -d 'created_at, name, price, quantity or updated_at' -r -f -a "created_at\t''
name\t''
price\t''
quantity\t''
updated_at\t''"
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from list" -l sort-order -d 'desc or asc' -r -f -a "desc\t''
asc\t''"
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from list" -s L -l limit -d 'Maximum number of products' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from list" -l page -d 'Page number, from 1, with --limit products per page' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from list" -l category -d 'Only this category' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from list" -l sku -d 'Only this sku' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from list" -s S -l search -d 'Only products with this text in name, description or sku' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from list" -l min-price -d 'At least this price' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from list" -l max-price -d 'At most this price' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from list" -l min-quantity -d 'At least this many in stock' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from list" -l max-quantity -d 'At most this many in stock' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from list" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from list" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from list" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from list" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from list" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from list" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from list" -l all -d 'List every product'
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from ls" -l sort-by -d 'created_at, name, price, quantity or updated_at' -r -f -a "created_at\t''
name\t''
price\t''
quantity\t''
updated_at\t''"
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from ls" -l sort-order -d 'desc or asc' -r -f -a "desc\t''
asc\t''"
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from ls" -s L -l limit -d 'Maximum number of products' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from ls" -l page -d 'Page number, from 1, with --limit products per page' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from ls" -l category -d 'Only this category' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from ls" -l sku -d 'Only this sku' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from ls" -s S -l search -d 'Only products with this text in name, description or sku' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from ls" -l min-price -d 'At least this price' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from ls" -l max-price -d 'At most this price' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from ls" -l min-quantity -d 'At least this many in stock' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from ls" -l max-quantity -d 'At most this many in stock' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from ls" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from ls" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from ls" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from ls" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from ls" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from ls" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from ls" -l all -d 'List every product'
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from ls" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from ls" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from get" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from get" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from get" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from get" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from get" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from get" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from get" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from get" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from get" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help'
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from create" -l name -d '1 to 255 characters' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from create" -l price -d 'A decimal number such as 19.99' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from create" -l quantity -d 'Units in stock' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from create" -l category -d '1 to 100 characters' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from create" -l sku -d 'Unique among the seller\'s products' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from create" -l description -d 'At most 2,000 characters' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from create" -l low-stock-threshold -d 'Stock below this counts as low' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from create" -l attribute -d 'Another attribute; may be repeated; together they replace the existing attributes' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from create" -l input -d 'Read the fields as a JSON object from a file; - is standard input; flags override them' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from create" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from create" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from create" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from create" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from create" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from create" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from create" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from create" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from update" -l clear -d 'Empty these fields' -r -f -a "description\t''
sku\t''
low_stock_threshold\t''
attributes\t''"
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from update" -l if-version -d 'Only if the product still has this version' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from update" -l name -d '1 to 255 characters' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from update" -l price -d 'A decimal number such as 19.99' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from update" -l quantity -d 'Units in stock' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from update" -l category -d '1 to 100 characters' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from update" -l sku -d 'Unique among the seller\'s products' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from update" -l description -d 'At most 2,000 characters' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from update" -l low-stock-threshold -d 'Stock below this counts as low' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from update" -l attribute -d 'Another attribute; may be repeated; together they replace the existing attributes' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from update" -l input -d 'Read the fields as a JSON object from a file; - is standard input; flags override them' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from update" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from update" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from update" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from update" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from update" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from update" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from update" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from update" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from update" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from delete" -l if-version -d 'Only if the product still has this version' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from delete" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from delete" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from delete" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from delete" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from delete" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from delete" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from delete" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from rm" -l if-version -d 'Only if the product still has this version' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from rm" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from rm" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from rm" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from rm" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from rm" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from rm" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from rm" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from rm" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from rm" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from restore" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from restore" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from restore" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from restore" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from restore" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from restore" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from restore" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from restore" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from restore" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from restore" -s h -l help -d 'Print help'
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from stock" -l reason -d 'Reason for the change' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from stock" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from stock" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from stock" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from stock" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from stock" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from stock" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from stock" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from stock" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from stock" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand product; and __fish_seen_subcommand_from stock" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pm -n "__fish_pm_using_subcommand p; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand p; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand p; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand p; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand p; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand p; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand p; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand p; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand p; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand p; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -s h -l help -d 'Print help'
complete -c pm -n "__fish_pm_using_subcommand p; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -f -a "list" -d 'List products'
complete -c pm -n "__fish_pm_using_subcommand p; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -f -a "ls" -d 'List products'
complete -c pm -n "__fish_pm_using_subcommand p; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -f -a "get" -d 'Show products'
complete -c pm -n "__fish_pm_using_subcommand p; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -f -a "create" -d 'Create a product'
complete -c pm -n "__fish_pm_using_subcommand p; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -f -a "update" -d 'Change fields of a product; other fields keep their values'
complete -c pm -n "__fish_pm_using_subcommand p; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -f -a "delete" -d 'Delete products; `pm products restore` brings them back'
complete -c pm -n "__fish_pm_using_subcommand p; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -f -a "rm" -d 'Delete products; `pm products restore` brings them back'
complete -c pm -n "__fish_pm_using_subcommand p; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -f -a "restore" -d 'Restore deleted products'
complete -c pm -n "__fish_pm_using_subcommand p; and not __fish_seen_subcommand_from list ls get create update delete rm restore stock" -f -a "stock" -d 'Add to or take from the stock of a product, atomically'
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from list" -l sort-by -d 'created_at, name, price, quantity or updated_at' -r -f -a "created_at\t''
name\t''
price\t''
quantity\t''
updated_at\t''"
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from list" -l sort-order -d 'desc or asc' -r -f -a "desc\t''
asc\t''"
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from list" -s L -l limit -d 'Maximum number of products' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from list" -l page -d 'Page number, from 1, with --limit products per page' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from list" -l category -d 'Only this category' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from list" -l sku -d 'Only this sku' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from list" -s S -l search -d 'Only products with this text in name, description or sku' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from list" -l min-price -d 'At least this price' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from list" -l max-price -d 'At most this price' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from list" -l min-quantity -d 'At least this many in stock' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from list" -l max-quantity -d 'At most this many in stock' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from list" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from list" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from list" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from list" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from list" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from list" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from list" -l all -d 'List every product'
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from ls" -l sort-by -d 'created_at, name, price, quantity or updated_at' -r -f -a "created_at\t''
name\t''
price\t''
quantity\t''
updated_at\t''"
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from ls" -l sort-order -d 'desc or asc' -r -f -a "desc\t''
asc\t''"
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from ls" -s L -l limit -d 'Maximum number of products' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from ls" -l page -d 'Page number, from 1, with --limit products per page' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from ls" -l category -d 'Only this category' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from ls" -l sku -d 'Only this sku' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from ls" -s S -l search -d 'Only products with this text in name, description or sku' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from ls" -l min-price -d 'At least this price' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from ls" -l max-price -d 'At most this price' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from ls" -l min-quantity -d 'At least this many in stock' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from ls" -l max-quantity -d 'At most this many in stock' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from ls" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from ls" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from ls" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from ls" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from ls" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from ls" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from ls" -l all -d 'List every product'
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from ls" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from ls" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from get" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from get" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from get" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from get" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from get" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from get" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from get" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from get" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from get" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help'
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from create" -l name -d '1 to 255 characters' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from create" -l price -d 'A decimal number such as 19.99' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from create" -l quantity -d 'Units in stock' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from create" -l category -d '1 to 100 characters' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from create" -l sku -d 'Unique among the seller\'s products' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from create" -l description -d 'At most 2,000 characters' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from create" -l low-stock-threshold -d 'Stock below this counts as low' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from create" -l attribute -d 'Another attribute; may be repeated; together they replace the existing attributes' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from create" -l input -d 'Read the fields as a JSON object from a file; - is standard input; flags override them' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from create" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from create" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from create" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from create" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from create" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from create" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from create" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from create" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from update" -l clear -d 'Empty these fields' -r -f -a "description\t''
sku\t''
low_stock_threshold\t''
attributes\t''"
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from update" -l if-version -d 'Only if the product still has this version' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from update" -l name -d '1 to 255 characters' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from update" -l price -d 'A decimal number such as 19.99' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from update" -l quantity -d 'Units in stock' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from update" -l category -d '1 to 100 characters' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from update" -l sku -d 'Unique among the seller\'s products' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from update" -l description -d 'At most 2,000 characters' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from update" -l low-stock-threshold -d 'Stock below this counts as low' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from update" -l attribute -d 'Another attribute; may be repeated; together they replace the existing attributes' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from update" -l input -d 'Read the fields as a JSON object from a file; - is standard input; flags override them' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from update" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from update" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from update" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from update" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from update" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from update" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from update" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from update" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from update" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from update" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from delete" -l if-version -d 'Only if the product still has this version' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from delete" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from delete" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from delete" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from delete" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from delete" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from delete" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from delete" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from rm" -l if-version -d 'Only if the product still has this version' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from rm" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from rm" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from rm" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from rm" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from rm" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from rm" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from rm" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from rm" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from rm" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from restore" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from restore" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from restore" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from restore" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from restore" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from restore" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from restore" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from restore" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from restore" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from restore" -s h -l help -d 'Print help'
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from stock" -l reason -d 'Reason for the change' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from stock" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from stock" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from stock" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from stock" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from stock" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from stock" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from stock" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from stock" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from stock" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand p; and __fish_seen_subcommand_from stock" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pm -n "__fish_pm_using_subcommand import" -l rejects -d 'File for rejected rows [default: NAME.rejects.csv in this directory, numbered if it exists]' -r
complete -c pm -n "__fish_pm_using_subcommand import" -l max-errors -d 'Stop when more rows are rejected: a number, or a share such as 5%; exit code 10' -r
complete -c pm -n "__fish_pm_using_subcommand import" -l progress -d 'auto, bar, plain, json or none' -r -f -a "auto\t''
bar\t''
plain\t''
json\t''
none\t''"
complete -c pm -n "__fish_pm_using_subcommand import" -l mode -d 'create, upsert, update or skip [default: upsert with a sku column, else create]' -r
complete -c pm -n "__fish_pm_using_subcommand import" -l key -d 'The field that identifies a product: sku' -r
complete -c pm -n "__fish_pm_using_subcommand import" -l map -d 'Map a column of the file to a field; may be repeated' -r
complete -c pm -n "__fish_pm_using_subcommand import" -l preset -d 'auto, generic, or a shop: shopify, woocommerce, prestashop, … (`pm help csv`)' -r
complete -c pm -n "__fish_pm_using_subcommand import" -l delimiter -d ', ; | or tab [default: detected]' -r
complete -c pm -n "__fish_pm_using_subcommand import" -l long-text -d 'A description over 2,000 characters: cut (with a warning) or reject [default: cut]' -r
complete -c pm -n "__fish_pm_using_subcommand import" -l encoding -d 'utf-8, windows-1252, macintosh, … [default: detected]' -r
complete -c pm -n "__fish_pm_using_subcommand import" -l decimal -d 'The decimal mark of numbers: . or , [default: detected for each column]' -r
complete -c pm -n "__fish_pm_using_subcommand import" -l default -d 'A value for blank cells and missing columns; may be repeated' -r
complete -c pm -n "__fish_pm_using_subcommand import" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand import" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand import" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand import" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand import" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand import" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand import" -l detach -d 'Do not wait: print the import id after the server has accepted the file'
complete -c pm -n "__fish_pm_using_subcommand import" -l dry-run -d 'Change no product: show the counts of the real run and the first changes'
complete -c pm -n "__fish_pm_using_subcommand import" -l again -d 'Import a file again although its rows without a sku create their products again'
complete -c pm -n "__fish_pm_using_subcommand import" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand import" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand import" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pm -n "__fish_pm_using_subcommand imports; and not __fish_seen_subcommand_from list ls get watch rejects cancel undo" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand imports; and not __fish_seen_subcommand_from list ls get watch rejects cancel undo" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand imports; and not __fish_seen_subcommand_from list ls get watch rejects cancel undo" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand imports; and not __fish_seen_subcommand_from list ls get watch rejects cancel undo" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand imports; and not __fish_seen_subcommand_from list ls get watch rejects cancel undo" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand imports; and not __fish_seen_subcommand_from list ls get watch rejects cancel undo" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand imports; and not __fish_seen_subcommand_from list ls get watch rejects cancel undo" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand imports; and not __fish_seen_subcommand_from list ls get watch rejects cancel undo" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand imports; and not __fish_seen_subcommand_from list ls get watch rejects cancel undo" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand imports; and not __fish_seen_subcommand_from list ls get watch rejects cancel undo" -s h -l help -d 'Print help'
complete -c pm -n "__fish_pm_using_subcommand imports; and not __fish_seen_subcommand_from list ls get watch rejects cancel undo" -f -a "list" -d 'List imports, newest first'
complete -c pm -n "__fish_pm_using_subcommand imports; and not __fish_seen_subcommand_from list ls get watch rejects cancel undo" -f -a "ls" -d 'List imports, newest first'
complete -c pm -n "__fish_pm_using_subcommand imports; and not __fish_seen_subcommand_from list ls get watch rejects cancel undo" -f -a "get" -d 'Show an import'
complete -c pm -n "__fish_pm_using_subcommand imports; and not __fish_seen_subcommand_from list ls get watch rejects cancel undo" -f -a "watch" -d 'Follow an import to its end; Ctrl-C stops following, not the import'
complete -c pm -n "__fish_pm_using_subcommand imports; and not __fish_seen_subcommand_from list ls get watch rejects cancel undo" -f -a "rejects" -d 'Write the rejected rows as CSV, to correct and import again'
complete -c pm -n "__fish_pm_using_subcommand imports; and not __fish_seen_subcommand_from list ls get watch rejects cancel undo" -f -a "cancel" -d 'Cancel an import after its current batch'
complete -c pm -n "__fish_pm_using_subcommand imports; and not __fish_seen_subcommand_from list ls get watch rejects cancel undo" -f -a "undo" -d 'Put back what an import changed, where the product was not changed since'
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from list" -l page -d 'Page number' -r
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from list" -s L -l limit -d 'Imports per page' -r
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from list" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from list" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from list" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from list" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from list" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from list" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from ls" -l page -d 'Page number' -r
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from ls" -s L -l limit -d 'Imports per page' -r
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from ls" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from ls" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from ls" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from ls" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from ls" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from ls" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from ls" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from ls" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help'
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from get" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from get" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from get" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from get" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from get" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from get" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from get" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from get" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from get" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help'
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from watch" -l progress -d 'auto, bar, plain, json or none' -r -f -a "auto\t''
bar\t''
plain\t''
json\t''
none\t''"
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from watch" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from watch" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from watch" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from watch" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from watch" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from watch" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from watch" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from watch" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from watch" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from watch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from rejects" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from rejects" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from rejects" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from rejects" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from rejects" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from rejects" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from rejects" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from rejects" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from rejects" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from rejects" -s h -l help -d 'Print help'
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from cancel" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from cancel" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from cancel" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from cancel" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from cancel" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from cancel" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from cancel" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from cancel" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from cancel" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from cancel" -s h -l help -d 'Print help'
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from undo" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from undo" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from undo" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from undo" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from undo" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from undo" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from undo" -l detach -d 'Do not wait: print the id of the undo'
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from undo" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from undo" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from undo" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand imports; and __fish_seen_subcommand_from undo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pm -n "__fish_pm_using_subcommand export" -l category -d 'Only this category' -r
complete -c pm -n "__fish_pm_using_subcommand export" -l sku -d 'Only this sku' -r
complete -c pm -n "__fish_pm_using_subcommand export" -s S -l search -d 'Only products with this text in name, description or sku' -r
complete -c pm -n "__fish_pm_using_subcommand export" -l min-price -d 'At least this price' -r
complete -c pm -n "__fish_pm_using_subcommand export" -l max-price -d 'At most this price' -r
complete -c pm -n "__fish_pm_using_subcommand export" -l min-quantity -d 'At least this many in stock' -r
complete -c pm -n "__fish_pm_using_subcommand export" -l max-quantity -d 'At most this many in stock' -r
complete -c pm -n "__fish_pm_using_subcommand export" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand export" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand export" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand export" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand export" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand export" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand export" -l bom -d 'Begin with a byte order mark, without which Excel garbles umlauts'
complete -c pm -n "__fish_pm_using_subcommand export" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand export" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand export" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pm -n "__fish_pm_using_subcommand events; and not __fish_seen_subcommand_from tail list ls" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand events; and not __fish_seen_subcommand_from tail list ls" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand events; and not __fish_seen_subcommand_from tail list ls" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand events; and not __fish_seen_subcommand_from tail list ls" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand events; and not __fish_seen_subcommand_from tail list ls" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand events; and not __fish_seen_subcommand_from tail list ls" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand events; and not __fish_seen_subcommand_from tail list ls" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand events; and not __fish_seen_subcommand_from tail list ls" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand events; and not __fish_seen_subcommand_from tail list ls" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand events; and not __fish_seen_subcommand_from tail list ls" -s h -l help -d 'Print help'
complete -c pm -n "__fish_pm_using_subcommand events; and not __fish_seen_subcommand_from tail list ls" -f -a "tail" -d 'Follow live events until Ctrl-C; reconnects when the connection is lost'
complete -c pm -n "__fish_pm_using_subcommand events; and not __fish_seen_subcommand_from tail list ls" -f -a "list" -d 'List past events, oldest first'
complete -c pm -n "__fish_pm_using_subcommand events; and not __fish_seen_subcommand_from tail list ls" -f -a "ls" -d 'List past events, oldest first'
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from tail" -l from -d 'start, end, a sequence, or -N for the last N' -r
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from tail" -l type -d 'Only this type; may be repeated' -r -f -a "ProductCreated\t''
ProductUpdated\t''
ProductDeleted\t''
LowStockWarning\t''
ImportProgress\t''
ImportCompleted\t''"
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from tail" -l product -d 'Only this product; may be repeated' -r
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from tail" -s n -l count -d 'Stop after this many events' -r
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from tail" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from tail" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from tail" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from tail" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from tail" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from tail" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from tail" -l no-follow -d 'Stop after the last stored event'
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from tail" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from tail" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from tail" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from tail" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from list" -l after -d 'Only events after this sequence' -r
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from list" -s L -l limit -d 'At most this many' -r
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from list" -l type -d 'Only this type' -r -f -a "ProductCreated\t''
ProductUpdated\t''
ProductDeleted\t''
LowStockWarning\t''
ImportProgress\t''
ImportCompleted\t''"
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from list" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from list" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from list" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from list" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from list" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from list" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from ls" -l after -d 'Only events after this sequence' -r
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from ls" -s L -l limit -d 'At most this many' -r
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from ls" -l type -d 'Only this type' -r -f -a "ProductCreated\t''
ProductUpdated\t''
ProductDeleted\t''
LowStockWarning\t''
ImportProgress\t''
ImportCompleted\t''"
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from ls" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from ls" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from ls" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from ls" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from ls" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from ls" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from ls" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from ls" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand events; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pm -n "__fish_pm_using_subcommand stats; and not __fish_seen_subcommand_from summary categories daily low-stock" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand stats; and not __fish_seen_subcommand_from summary categories daily low-stock" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand stats; and not __fish_seen_subcommand_from summary categories daily low-stock" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand stats; and not __fish_seen_subcommand_from summary categories daily low-stock" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand stats; and not __fish_seen_subcommand_from summary categories daily low-stock" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand stats; and not __fish_seen_subcommand_from summary categories daily low-stock" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand stats; and not __fish_seen_subcommand_from summary categories daily low-stock" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand stats; and not __fish_seen_subcommand_from summary categories daily low-stock" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand stats; and not __fish_seen_subcommand_from summary categories daily low-stock" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand stats; and not __fish_seen_subcommand_from summary categories daily low-stock" -s h -l help -d 'Print help'
complete -c pm -n "__fish_pm_using_subcommand stats; and not __fish_seen_subcommand_from summary categories daily low-stock" -f -a "summary" -d 'Totals over all products'
complete -c pm -n "__fish_pm_using_subcommand stats; and not __fish_seen_subcommand_from summary categories daily low-stock" -f -a "categories" -d 'Totals by category'
complete -c pm -n "__fish_pm_using_subcommand stats; and not __fish_seen_subcommand_from summary categories daily low-stock" -f -a "daily" -d 'Changes by day'
complete -c pm -n "__fish_pm_using_subcommand stats; and not __fish_seen_subcommand_from summary categories daily low-stock" -f -a "low-stock" -d 'Products below their threshold, fewest units first'
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from summary" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from summary" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from summary" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from summary" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from summary" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from summary" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from summary" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from summary" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from summary" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from summary" -s h -l help -d 'Print help'
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from categories" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from categories" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from categories" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from categories" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from categories" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from categories" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from categories" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from categories" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from categories" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from categories" -s h -l help -d 'Print help'
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from daily" -l from -d 'First day, yyyy-mm-dd' -r
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from daily" -l to -d 'Last day, yyyy-mm-dd' -r
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from daily" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from daily" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from daily" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from daily" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from daily" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from daily" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from daily" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from daily" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from daily" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from daily" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from low-stock" -l page -d 'Page number' -r
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from low-stock" -s L -l limit -d 'Products per page' -r
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from low-stock" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from low-stock" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from low-stock" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from low-stock" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from low-stock" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from low-stock" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from low-stock" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from low-stock" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from low-stock" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand stats; and __fish_seen_subcommand_from low-stock" -s h -l help -d 'Print help'
complete -c pm -n "__fish_pm_using_subcommand health" -l timeout -d 'How long to wait' -r
complete -c pm -n "__fish_pm_using_subcommand health" -l interval -d 'Time between two checks' -r
complete -c pm -n "__fish_pm_using_subcommand health" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand health" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand health" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand health" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand health" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand health" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand health" -l wait -d 'Wait until the server is healthy'
complete -c pm -n "__fish_pm_using_subcommand health" -l watch -d 'Show every change, until Ctrl-C'
complete -c pm -n "__fish_pm_using_subcommand health" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand health" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand health" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand health" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pm -n "__fish_pm_using_subcommand context; and not __fish_seen_subcommand_from list ls use show create delete rm" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand context; and not __fish_seen_subcommand_from list ls use show create delete rm" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand context; and not __fish_seen_subcommand_from list ls use show create delete rm" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand context; and not __fish_seen_subcommand_from list ls use show create delete rm" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand context; and not __fish_seen_subcommand_from list ls use show create delete rm" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand context; and not __fish_seen_subcommand_from list ls use show create delete rm" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand context; and not __fish_seen_subcommand_from list ls use show create delete rm" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand context; and not __fish_seen_subcommand_from list ls use show create delete rm" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand context; and not __fish_seen_subcommand_from list ls use show create delete rm" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand context; and not __fish_seen_subcommand_from list ls use show create delete rm" -s h -l help -d 'Print help'
complete -c pm -n "__fish_pm_using_subcommand context; and not __fish_seen_subcommand_from list ls use show create delete rm" -f -a "list" -d 'List the contexts'
complete -c pm -n "__fish_pm_using_subcommand context; and not __fish_seen_subcommand_from list ls use show create delete rm" -f -a "ls" -d 'List the contexts'
complete -c pm -n "__fish_pm_using_subcommand context; and not __fish_seen_subcommand_from list ls use show create delete rm" -f -a "use" -d 'Make a context the current context'
complete -c pm -n "__fish_pm_using_subcommand context; and not __fish_seen_subcommand_from list ls use show create delete rm" -f -a "show" -d 'Show a context'
complete -c pm -n "__fish_pm_using_subcommand context; and not __fish_seen_subcommand_from list ls use show create delete rm" -f -a "create" -d 'Create a context from --server, --seller, --output and --color'
complete -c pm -n "__fish_pm_using_subcommand context; and not __fish_seen_subcommand_from list ls use show create delete rm" -f -a "delete" -d 'Delete a context'
complete -c pm -n "__fish_pm_using_subcommand context; and not __fish_seen_subcommand_from list ls use show create delete rm" -f -a "rm" -d 'Delete a context'
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from list" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from list" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from list" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from list" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from list" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from list" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from ls" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from ls" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from ls" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from ls" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from ls" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from ls" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from ls" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from ls" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from ls" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from ls" -s h -l help -d 'Print help'
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from use" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from use" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from use" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from use" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from use" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from use" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from use" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from use" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from use" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from use" -s h -l help -d 'Print help'
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from show" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from show" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from show" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from show" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from show" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from show" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from show" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from create" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from create" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from create" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from create" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from create" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from create" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from create" -l force -d 'Change the context if it exists'
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from create" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from create" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from create" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from create" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from delete" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from delete" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from delete" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from delete" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from delete" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from delete" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from delete" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from delete" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help'
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from rm" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from rm" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from rm" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from rm" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from rm" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from rm" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from rm" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from rm" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from rm" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand context; and __fish_seen_subcommand_from rm" -s h -l help -d 'Print help'
complete -c pm -n "__fish_pm_using_subcommand config; and not __fish_seen_subcommand_from get set list path" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand config; and not __fish_seen_subcommand_from get set list path" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand config; and not __fish_seen_subcommand_from get set list path" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand config; and not __fish_seen_subcommand_from get set list path" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand config; and not __fish_seen_subcommand_from get set list path" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand config; and not __fish_seen_subcommand_from get set list path" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand config; and not __fish_seen_subcommand_from get set list path" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand config; and not __fish_seen_subcommand_from get set list path" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand config; and not __fish_seen_subcommand_from get set list path" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand config; and not __fish_seen_subcommand_from get set list path" -s h -l help -d 'Print help'
complete -c pm -n "__fish_pm_using_subcommand config; and not __fish_seen_subcommand_from get set list path" -f -a "get" -d 'Show one setting'
complete -c pm -n "__fish_pm_using_subcommand config; and not __fish_seen_subcommand_from get set list path" -f -a "set" -d 'Change a setting in the configuration file'
complete -c pm -n "__fish_pm_using_subcommand config; and not __fish_seen_subcommand_from get set list path" -f -a "list" -d 'Show every setting'
complete -c pm -n "__fish_pm_using_subcommand config; and not __fish_seen_subcommand_from get set list path" -f -a "path" -d 'Show the path of the configuration file'
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from get" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from get" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from get" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from get" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from get" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from get" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from get" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from get" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from get" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help'
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from set" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from set" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from set" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from set" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from set" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from set" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from set" -l unset -d 'Remove the setting'
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from set" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from set" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from set" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from set" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from list" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from list" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from list" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from list" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from list" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from list" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from list" -l origin -d 'Show the origin of each value'
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from list" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from path" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from path" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from path" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from path" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from path" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from path" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from path" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from path" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from path" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand config; and __fish_seen_subcommand_from path" -s h -l help -d 'Print help'
complete -c pm -n "__fish_pm_using_subcommand auth; and not __fish_seen_subcommand_from login logout status" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand auth; and not __fish_seen_subcommand_from login logout status" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand auth; and not __fish_seen_subcommand_from login logout status" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand auth; and not __fish_seen_subcommand_from login logout status" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand auth; and not __fish_seen_subcommand_from login logout status" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand auth; and not __fish_seen_subcommand_from login logout status" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand auth; and not __fish_seen_subcommand_from login logout status" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand auth; and not __fish_seen_subcommand_from login logout status" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand auth; and not __fish_seen_subcommand_from login logout status" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand auth; and not __fish_seen_subcommand_from login logout status" -s h -l help -d 'Print help'
complete -c pm -n "__fish_pm_using_subcommand auth; and not __fish_seen_subcommand_from login logout status" -f -a "login" -d 'Store a key for the server, after the server has accepted it'
complete -c pm -n "__fish_pm_using_subcommand auth; and not __fish_seen_subcommand_from login logout status" -f -a "logout" -d 'Remove the stored key for the server'
complete -c pm -n "__fish_pm_using_subcommand auth; and not __fish_seen_subcommand_from login logout status" -f -a "status" -d 'Show where the key comes from, and whether the server accepts it'
complete -c pm -n "__fish_pm_using_subcommand auth; and __fish_seen_subcommand_from login" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand auth; and __fish_seen_subcommand_from login" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand auth; and __fish_seen_subcommand_from login" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand auth; and __fish_seen_subcommand_from login" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand auth; and __fish_seen_subcommand_from login" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand auth; and __fish_seen_subcommand_from login" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand auth; and __fish_seen_subcommand_from login" -l token-stdin -d 'Read the key from standard input'
complete -c pm -n "__fish_pm_using_subcommand auth; and __fish_seen_subcommand_from login" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand auth; and __fish_seen_subcommand_from login" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand auth; and __fish_seen_subcommand_from login" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand auth; and __fish_seen_subcommand_from login" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pm -n "__fish_pm_using_subcommand auth; and __fish_seen_subcommand_from logout" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand auth; and __fish_seen_subcommand_from logout" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand auth; and __fish_seen_subcommand_from logout" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand auth; and __fish_seen_subcommand_from logout" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand auth; and __fish_seen_subcommand_from logout" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand auth; and __fish_seen_subcommand_from logout" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand auth; and __fish_seen_subcommand_from logout" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand auth; and __fish_seen_subcommand_from logout" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand auth; and __fish_seen_subcommand_from logout" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand auth; and __fish_seen_subcommand_from logout" -s h -l help -d 'Print help'
complete -c pm -n "__fish_pm_using_subcommand auth; and __fish_seen_subcommand_from status" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand auth; and __fish_seen_subcommand_from status" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand auth; and __fish_seen_subcommand_from status" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand auth; and __fish_seen_subcommand_from status" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand auth; and __fish_seen_subcommand_from status" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand auth; and __fish_seen_subcommand_from status" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand auth; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand auth; and __fish_seen_subcommand_from status" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand auth; and __fish_seen_subcommand_from status" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand auth; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help'
complete -c pm -n "__fish_pm_using_subcommand api" -s F -l field -d 'A parameter: in the query of a GET or DELETE, otherwise in a JSON body, where numbers, true, false and null keep their JSON types' -r
complete -c pm -n "__fish_pm_using_subcommand api" -s H -l header -d 'A header' -r
complete -c pm -n "__fish_pm_using_subcommand api" -l input -d 'Read the body from a file; - is standard input' -r
complete -c pm -n "__fish_pm_using_subcommand api" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand api" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand api" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand api" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand api" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand api" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand api" -s i -l include -d 'Show status and headers of the response on standard error'
complete -c pm -n "__fish_pm_using_subcommand api" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand api" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand api" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand api" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pm -n "__fish_pm_using_subcommand completions" -l dir -d 'Write a file for every shell into this directory' -r -F
complete -c pm -n "__fish_pm_using_subcommand completions" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand completions" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand completions" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand completions" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand completions" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand completions" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand completions" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand completions" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand completions" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pm -n "__fish_pm_using_subcommand man" -l dir -d 'Write a page for every command into this directory' -r -F
complete -c pm -n "__fish_pm_using_subcommand man" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand man" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand man" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand man" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand man" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand man" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand man" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand man" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand man" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pm -n "__fish_pm_using_subcommand version" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand version" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand version" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand version" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand version" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand version" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand version" -l client -d 'Show only the client; send no request'
complete -c pm -n "__fish_pm_using_subcommand version" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand version" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand version" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand version" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c pm -n "__fish_pm_using_subcommand help" -s o -l output -d 'table, wide, json, jsonl, csv, yaml or name [PM_OUTPUT]' -r -f -a "table\t'Columns for people'
wide\t'A table with more columns'
json\t'The whole answer as one JSON document'
jsonl\t'One JSON object per line'
csv\t'Comma-separated values with a header'
yaml\t'The whole answer as YAML'
name\t'`product/17`, one per line'"
complete -c pm -n "__fish_pm_using_subcommand help" -l fields -d 'Show only these fields, in this order' -r
complete -c pm -n "__fish_pm_using_subcommand help" -l server -d 'Address of the server [PM_SERVER, default http://localhost:3001]' -r
complete -c pm -n "__fish_pm_using_subcommand help" -l seller -d 'The seller whose products to use [PM_SELLER]' -r
complete -c pm -n "__fish_pm_using_subcommand help" -l context -d 'The context to use: a named group of settings [PM_CONTEXT]' -r
complete -c pm -n "__fish_pm_using_subcommand help" -l color -d 'auto, always or never [PM_COLOR, NO_COLOR, CLICOLOR_FORCE]' -r -f -a "auto\t''
always\t''
never\t''"
complete -c pm -n "__fish_pm_using_subcommand help" -s q -l quiet -d 'Print data and errors only'
complete -c pm -n "__fish_pm_using_subcommand help" -s v -l verbose -d 'Show each request and its id on standard error'
complete -c pm -n "__fish_pm_using_subcommand help" -s y -l yes -d 'Answer yes to every question'
complete -c pm -n "__fish_pm_using_subcommand help" -s h -l help -d 'Print help'
