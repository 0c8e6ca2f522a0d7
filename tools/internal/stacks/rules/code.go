package rules

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// Code is what a function's program asks for.
type Code struct {
	Reads   []string // variables of the environment
	Needs   []string // those of them that it does more with than to ask for them
	Calls   []string // IAM's actions for what it asks of AWS
	Indexes []string // constants that could name an index of a table
}

// own is the beginning of the paths of packages whose source is looked at.
const own = "ticketmesh.dev/"

// Inspect reads what the commands in the folders, below root, ask for: what is in any
// function of ours that can be reached from main. A function is reached when one that
// is reached names it; by an interface, when a type that is named as well has that
// method, whoever calls it. So it can say too much, of a call that no value ever leads
// to, but forgets nothing that is called by its name or by an interface; what only
// reflection or an initial value of a variable that nobody names would call is not seen.
func Inspect(ctx context.Context, root string, folders []string) (map[string]Code, error) {
	patterns := make([]string, len(folders))
	for i, folder := range folders {
		patterns[i] = "./" + folder
	}
	// Only what functions are built with is looked at.
	workspace, err := filepath.Abs(filepath.Join(root, "go.work"))
	if err != nil {
		return nil, err
	}
	config := packages.Config{
		Context: ctx, Dir: root, BuildFlags: []string{"-tags=lambda.norpc"},
		Env: append(os.Environ(), "GOWORK="+workspace), // functions are of several modules
	}
	config.Mode = packages.NeedName | packages.NeedImports | packages.NeedDeps | packages.NeedFiles
	commands, err := load(&config, patterns)
	if err != nil {
		return nil, err
	}
	linked := map[string]map[string]bool{}
	all := map[string]bool{}
	for _, command := range commands {
		linked[command.PkgPath] = map[string]bool{}
		packages.Visit([]*packages.Package{command}, func(p *packages.Package) bool {
			if strings.HasPrefix(p.PkgPath, own) {
				linked[command.PkgPath][p.PkgPath] = true
				all[p.PkgPath] = true
			}
			return true
		}, nil)
	}
	config.Mode = packages.NeedName | packages.NeedImports | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedSyntax | packages.NeedTypes | packages.NeedTypesInfo
	sources, err := load(&config, slices.Sorted(maps.Keys(all)))
	if err != nil {
		return nil, err
	}
	program := parse(sources)
	for method := range units {
		if all[unitPackage] && !program.units[method] {
			return nil, fmt.Errorf("%s has no (*%s any more: what units of work ask for has to be said anew", unitPackage, method)
		}
	}
	found := map[string]Code{}
	for _, command := range commands {
		folder, is := matching(folders, command.PkgPath)
		if !is {
			return nil, fmt.Errorf("%s is in none of the folders", command.PkgPath)
		}
		found[folder] = program.reach(command.PkgPath, linked[command.PkgPath])
	}
	return found, nil
}

func matching(folders []string, importPath string) (string, bool) {
	i := slices.IndexFunc(folders, func(folder string) bool { return path.Clean(own+folder) == importPath })
	if i < 0 {
		return "", false
	}
	return folders[i], true
}

func load(config *packages.Config, patterns []string) ([]*packages.Package, error) {
	found, err := packages.Load(config, patterns...)
	if err != nil {
		return nil, err
	}
	var problems []error
	for _, p := range found {
		for _, e := range p.Errors {
			problems = append(problems, e)
		}
	}
	return found, errors.Join(problems...)
}

// node is a function, or a variable of a package with its initial value.
type node struct {
	names   []types.Object // functions and variables of ours that it names
	types   []*types.Named // types of ours that it names
	methods []*types.Func  // methods of interfaces that it names
	Code                   // what it asks for itself
}

// program is all source that was read.
type program struct {
	nodes   map[types.Object]*node
	inits   map[string][]*node          // by package
	mains   map[string]types.Object     // by package
	foreign map[string]*types.Interface // interfaces of other people's packages, and error
	units   map[string]bool             // methods of units that there are
}

func parse(sources []*packages.Package) *program {
	p := &program{
		nodes: map[types.Object]*node{}, inits: map[string][]*node{}, mains: map[string]types.Object{},
		foreign: map[string]*types.Interface{"error": types.Universe.Lookup("error").Type().Underlying().(*types.Interface)},
		units:   map[string]bool{},
	}
	for _, source := range sources {
		for _, imported := range source.Types.Imports() {
			if !strings.HasPrefix(imported.Path(), own) {
				p.interfaces(imported)
			}
		}
		for _, file := range source.Syntax {
			for _, declaration := range file.Decls {
				p.declaration(source, declaration)
			}
		}
	}
	return p
}

func (p *program) interfaces(imported *types.Package) {
	for _, name := range imported.Scope().Names() {
		object, is := imported.Scope().Lookup(name).(*types.TypeName)
		if !is || !object.Exported() {
			continue
		}
		if named, is := object.Type().(*types.Named); is && named.TypeParams().Len() > 0 {
			continue
		}
		if i, is := object.Type().Underlying().(*types.Interface); is && i.NumMethods() > 0 && i.IsMethodSet() {
			p.foreign[imported.Path()+"."+name] = i
		}
	}
}

func (p *program) declaration(source *packages.Package, declaration ast.Decl) {
	switch d := declaration.(type) {
	case *ast.FuncDecl:
		function, _ := source.TypesInfo.Defs[d.Name].(*types.Func)
		n := &node{}
		n.read(source.TypesInfo, d)
		if method, is := strings.CutPrefix(function.FullName(), "(*"+unitPackage+"."); is {
			if actions, is := units[method]; is {
				n.Calls = actions
				p.units[method] = true
			}
		}
		switch {
		case d.Recv == nil && d.Name.Name == "init":
			p.inits[source.PkgPath] = append(p.inits[source.PkgPath], n)
		case d.Recv == nil && d.Name.Name == "main" && source.Name == "main":
			p.mains[source.PkgPath] = function
			p.nodes[function] = n
		default:
			p.nodes[function] = n
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			values, is := spec.(*ast.ValueSpec)
			if !is || d.Tok != token.VAR {
				continue
			}
			n := &node{}
			n.read(source.TypesInfo, values)
			for _, name := range values.Names {
				if object := source.TypesInfo.Defs[name]; object != nil {
					p.nodes[object] = n
				}
			}
		}
	}
}

// variableName is that of a variable of a function.
var variableName = regexp.MustCompile(`^TICKETMESH_[A-Z][A-Z0-9_]*$`)

// indexName is that of an index, or of something else.
var indexName = regexp.MustCompile(`^by[A-Z-][A-Za-z]*$`)

// read notes what is named below a piece of syntax.
func (n *node) read(info *types.Info, root ast.Node) {
	ast.Inspect(root, func(child ast.Node) bool {
		if call, is := child.(*ast.CallExpr); is {
			if getenv(info, call) {
				n.Reads = append(n.Reads, constant.StringVal(info.Types[call.Args[0]].Value))
				return false
			}
			if message(info, call) {
				for _, argument := range call.Args {
					if info.Types[argument].Value == nil {
						n.read(info, argument)
					}
				}
				return false
			}
		}
		if expression, is := child.(ast.Expr); is {
			if value := info.Types[expression].Value; value != nil && value.Kind() == constant.String {
				n.text(constant.StringVal(value))
			}
			if literal, is := child.(*ast.CompositeLit); is {
				n.typed(info.Types[literal].Type) // also where its type is left out
			}
		}
		identifier, is := child.(*ast.Ident)
		if !is {
			return true
		}
		switch object := info.Uses[identifier].(type) {
		case *types.Func:
			n.function(object)
		case *types.Var:
			if object.Pkg() != nil && object.Parent() == object.Pkg().Scope() {
				n.names = append(n.names, object)
			}
			n.typed(object.Type())
		case *types.TypeName:
			n.typed(object.Type())
			n.Calls = append(n.Calls, transaction(object)...)
		}
		return true
	})
}

// getenv tells whether a call asks for a variable by a function that it was given, as
// the one place of a service does that reads them all for all its functions. What a
// function needs of them it says otherwise.
func getenv(info *types.Info, call *ast.CallExpr) bool {
	callee, is := call.Fun.(*ast.Ident)
	if !is || len(call.Args) != 1 {
		return false
	}
	_, given := info.Uses[callee].(*types.Var)
	value := info.Types[call.Args[0]].Value
	return given && value != nil && value.Kind() == constant.String && variableName.MatchString(constant.StringVal(value))
}

// message tells whether a call only puts together what somebody is told: what that names
// is not asked for.
func message(info *types.Info, call *ast.CallExpr) bool {
	callee, is := call.Fun.(*ast.SelectorExpr)
	if !is {
		return false
	}
	function, is := info.Uses[callee.Sel].(*types.Func)
	return is && function.Pkg() != nil && function.Pkg().Path() == "fmt"
}

// text notes what a constant names: a variable, or an operation of a request that is
// made without a client.
func (n *node) text(s string) {
	if variableName.MatchString(s) {
		n.Reads = append(n.Reads, s)
		n.Needs = append(n.Needs, s)
	}
	if indexName.MatchString(s) {
		n.Indexes = append(n.Indexes, s)
	}
	if parts := operationName.FindStringSubmatch(s); parts != nil {
		n.Calls = append(n.Calls, targets[parts[1]]+":"+parts[2])
	}
}

// operationName is what such a request has in X-Amz-Target, with the name that the
// service has there; targets are IAM's names of those that we ask so.
var (
	operationName = regexp.MustCompile(`^(secretsmanager|AmazonSSM)\.([A-Z]\w+)$`)
	targets       = map[string]string{"secretsmanager": "secretsmanager", "AmazonSSM": "ssm"}
)

func (n *node) function(function *types.Func) {
	function = function.Origin()
	n.Calls = append(n.Calls, asked(function)...)
	signature := function.Signature()
	switch {
	case signature.Recv() != nil && types.IsInterface(signature.Recv().Type()):
		n.methods = append(n.methods, function)
	case function.Pkg() != nil && strings.HasPrefix(function.Pkg().Path(), own):
		n.names = append(n.names, function)
	}
}

// typed notes a type of ours, and those that a value of it has in it.
func (n *node) typed(t types.Type) {
	switch t := t.(type) {
	case *types.Pointer:
		n.typed(t.Elem())
	case *types.Slice:
		n.typed(t.Elem())
	case *types.Array:
		n.typed(t.Elem())
	case *types.Map:
		n.typed(t.Elem())
	case *types.Named:
		t = t.Origin()
		if t.Obj().Pkg() == nil || !strings.HasPrefix(t.Obj().Pkg().Path(), own) || slices.Contains(n.types, t) {
			return
		}
		n.types = append(n.types, t)
		n.typed(t.Underlying())
	case *types.Struct:
		for field := range t.Fields() {
			n.typed(field.Type())
		}
	}
}

// reach follows what is named from a command's main.
func (p *program) reach(command string, linked map[string]bool) Code {
	var code Code
	seen, live := map[*node]bool{}, map[*types.Named]bool{}
	called := map[*types.Func]bool{}
	var todo []*node
	add := func(n *node) {
		if n != nil && !seen[n] {
			seen[n] = true
			todo = append(todo, n)
		}
	}
	add(p.nodes[p.mains[command]])
	for _, pkg := range slices.Sorted(maps.Keys(linked)) {
		for _, n := range p.inits[pkg] {
			add(n)
		}
	}
	for len(todo) > 0 {
		for len(todo) > 0 {
			n := todo[0]
			todo = todo[1:]
			code.Reads = append(code.Reads, n.Reads...)
			code.Needs = append(code.Needs, n.Needs...)
			code.Calls = append(code.Calls, n.Calls...)
			code.Indexes = append(code.Indexes, n.Indexes...)
			for _, object := range n.names {
				add(p.nodes[object])
			}
			for _, t := range n.types {
				live[t] = true
			}
			for _, m := range n.methods {
				called[m] = true
			}
		}
		for t := range live {
			for _, m := range p.dispatched(t, called) {
				add(p.nodes[m])
			}
		}
	}
	return Code{sorted(code.Reads), sorted(code.Needs), sorted(code.Calls), sorted(code.Indexes)}
}

// dispatched are the methods of a type that are called by interfaces: by those of ours
// that are called, and by all those of others that it has.
func (p *program) dispatched(t *types.Named, called map[*types.Func]bool) []*types.Func {
	pointer := types.NewPointer(t)
	set := types.NewMethodSet(pointer)
	var found []*types.Func
	add := func(i *types.Interface, only string) {
		if t.TypeParams().Len() == 0 && !types.Implements(pointer, i) {
			return
		}
		for m := range i.Methods() {
			if only != "" && m.Name() != only {
				continue
			}
			if selection := set.Lookup(m.Pkg(), m.Name()); selection != nil {
				found = append(found, selection.Obj().(*types.Func).Origin())
			}
		}
	}
	for m := range called {
		if i, is := m.Signature().Recv().Type().Underlying().(*types.Interface); is {
			add(i, m.Name())
		}
	}
	for _, i := range p.foreign {
		add(i, "")
	}
	return found
}

func sorted(list []string) []string {
	slices.SortFunc(list, cmp.Compare)
	return slices.Compact(list)
}

// sdk is where the clients of AWS's services are, each in a package.
const sdk = "github.com/aws/aws-sdk-go-v2/service/"

// services are IAM's names of services whose package is called otherwise.
var services = map[string]string{
	"eventbridge": "events", "sesv2": "ses", "dynamodbstreams": "dynamodb", "cognitoidentityprovider": "cognito-idp",
	"cloudwatchlogs": "logs",
}

// otherwise are the actions of operations that are not called as they are.
var otherwise = map[string][]string{
	// What a transaction does is asked for one by one: see transaction.
	"dynamodb:TransactWriteItems": {}, "dynamodb:TransactGetItems": {},
	// Who may not list is told that a file is forbidden when there is none.
	"s3:GetObject": {"s3:GetObject", "s3:ListBucket"}, "s3:HeadObject": {"s3:GetObject", "s3:ListBucket"},
	"s3:HeadBucket": {"s3:ListBucket"}, "s3:ListObjectsV2": {"s3:ListBucket"}, "s3:DeleteObjects": {"s3:DeleteObject"},
	// One operation, with an action for each kind of content.
	"ses:SendEmail": {"ses:SendEmail", "ses:SendRawEmail"},
}

// asked are the actions of a method that takes the input of an operation: a client's,
// or one of an interface that stands for it.
func asked(function *types.Func) []string {
	var found []string
	for parameter := range function.Signature().Params().Variables() {
		pointer, is := parameter.Type().(*types.Pointer)
		if !is {
			continue
		}
		named, is := pointer.Elem().(*types.Named)
		if !is || named.Obj().Pkg() == nil {
			continue
		}
		service, is := strings.CutPrefix(named.Obj().Pkg().Path(), sdk)
		operation, isInput := strings.CutSuffix(named.Obj().Name(), "Input")
		if !is || !isInput || strings.Contains(service, "/") {
			continue
		}
		action := cmp.Or(services[service], service) + ":" + operation
		if actions, is := otherwise[action]; is {
			found = append(found, actions...)
		} else {
			found = append(found, action)
		}
	}
	return found
}

// units are the actions of platform's units of work: the method that sends one has all
// of them in it, and asks for what was put into the unit before.
const unitPackage = own + "platform/dynamo"

var units = map[string][]string{
	"commit).send": nil,
	"Tx).Put":      {"dynamodb:PutItem"},
	"Tx).PutIf":    {"dynamodb:PutItem"},
	"Tx).Publish":  {"dynamodb:PutItem"},
	"Tx).Delete":   {"dynamodb:DeleteItem"},
	"Tx).Check":    {"dynamodb:ConditionCheckItem"},
	"Tx).CheckIf":  {"dynamodb:ConditionCheckItem"},
}

// transaction are the actions of what a transaction is made of.
func transaction(object *types.TypeName) []string {
	if object.Pkg() == nil || object.Pkg().Path() != sdk+"dynamodb/types" {
		return nil
	}
	return map[string][]string{
		"Put": {"dynamodb:PutItem"}, "Update": {"dynamodb:UpdateItem"}, "Delete": {"dynamodb:DeleteItem"},
		"ConditionCheck": {"dynamodb:ConditionCheckItem"}, "Get": {"dynamodb:GetItem"},
	}[object.Name()]
}
