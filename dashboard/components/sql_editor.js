// The editor of the workbench: CodeMirror, loaded once from our own static folder.
// The text lives in the browser; the server gets it when it is run, when typing pauses, and at once
// when the editor is left: a press of Run or Save right after the last letter means all of it.

const PAUSE_MS = 400
const editors = new WeakMap()

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  const editor = editors.get(parentElement) ?? set_up(parentElement)
  editor.set_state = setStateValue
  editor.set_trigger = setTriggerValue
  editor.wanted = data
  editor.ready.then(() => take_data(editor)).catch(() => show_plain(editor))
  return () => {
    clearTimeout(editor.timer)
    editor.view?.destroy()
    editors.delete(parentElement)
  }
}

function set_up(root) {
  const editor = { root, host: root.querySelector(".host"), view: null, given: null, timer: 0 }
  editors.set(root, editor)
  const address = new URL("/app/static/editor/codemirror.min.js", document.baseURI)
  editor.ready = import(address.href).then((cm) => make_view(editor, cm))
  return editor
}

function make_view(editor, cm) {
  const mod = navigator.platform.startsWith("Mac") ? "⌘" : "Ctrl"
  editor.cm = cm
  editor.language = new cm.Compartment()
  const close_completion = cm.completionKeymap.find(({ key }) => key === "Escape").run
  const run = () => {
    close_completion(editor.view)
    hand_over(editor)
    editor.set_trigger("run", { ...text_of(editor), at: Date.now() })
    return true
  }
  editor.dialect = cm.SQLDialect.define({
    keywords: KEYWORDS,
    builtin: FUNCTIONS,
    types: TYPES,
    doubleDollarQuotedStrings: true,
    operatorChars: "*+-%<>!=&|~^/",
    specialVar: "$",
  })
  const told = cm.EditorView.updateListener.of((update) => {
    if (!update.docChanged) return
    clearTimeout(editor.timer)
    editor.timer = setTimeout(() => hand_over(editor), PAUSE_MS)
  })
  const extensions = [
    cm.EditorView.domEventHandlers({ blur: () => void (editor.timer && hand_over(editor)) }),
    cm.lineNumbers(),
    cm.history(),
    cm.drawSelection(),
    cm.highlightActiveLine(),
    cm.highlightActiveLineGutter(),
    cm.indentOnInput(),
    cm.bracketMatching(),
    cm.closeBrackets(),
    cm.autocompletion({ icons: false }),
    cm.EditorView.lineWrapping,
    cm.placeholder(`select … from generations    ${mod}+Enter runs it`),
    cm.EditorView.contentAttributes.of({ "aria-label": "SQL", spellcheck: "false" }),
    cm.syntaxHighlighting(cm.HighlightStyle.define(COLOURS(cm))),
    cm.Prec.highest(
      cm.keymap.of([
        { key: "Mod-Enter", run },
        { key: "Tab", run: cm.acceptCompletion },
      ]),
    ),
    cm.keymap.of([
      ...cm.closeBracketsKeymap,
      ...cm.completionKeymap,
      ...cm.defaultKeymap,
      ...cm.historyKeymap,
      { key: "Escape", run: (view) => (view.contentDOM.blur(), true) },
    ]),
    editor.language.of([]),
    told,
  ]
  editor.view = new cm.EditorView({
    parent: editor.host,
    root: editor.root.getRootNode(),
    state: cm.EditorState.create({ doc: "", extensions }),
  })
  editor.root.querySelector(".loading")?.remove()
}

// What the server gives replaces the text only when it gives something new: a report opened, an
// older question. What it has heard from here is never written back over what is typed meanwhile.
function take_data(editor) {
  const { cm, view, wanted } = editor
  if (!view || editor.taken === wanted) return
  editor.taken = wanted
  if (editor.epoch !== wanted.epoch) {
    editor.epoch = wanted.epoch
    if (view.state.doc.toString() !== wanted.sql) {
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: wanted.sql } })
    }
    clearTimeout(editor.timer)
    editor.timer = 0
  }
  const key = JSON.stringify(wanted.tables)
  if (key === editor.key) return
  editor.key = key
  const schema = {}
  for (const [table, columns] of Object.entries(wanted.tables)) {
    schema[table] = columns.map(([label, detail]) => ({ label, detail, type: "property" }))
  }
  const columns = new Map(Object.values(wanted.tables).flat().map(([name, kind]) => [name, kind]))
  const plain = [...columns].map(([label, detail]) => ({ label, detail, type: "property" }))
  const support = cm.sql({ dialect: editor.dialect, schema, upperCaseKeywords: false })
  const names = editor.dialect.language.data.of({ autocomplete: any_column(plain) })
  view.dispatch({ effects: editor.language.reconfigure([support, names]) })
}

const any_column = (options) => (context) => {
  const word = context.matchBefore(/\w+/)
  return word && word.to - word.from >= 2 ? { from: word.from, options, validFor: /^\w*$/ } : null
}

function hand_over(editor) {
  clearTimeout(editor.timer)
  editor.timer = 0
  editor.set_state("sql", text_of(editor))
}

// The server tells by the epoch whether this was typed before or after it gave another text.
function text_of(editor) {
  return { text: editor.view.state.doc.toString(), epoch: editor.epoch }
}

// Without the library there is still a field to write in.
function show_plain(editor) {
  if (editor.field) return
  editor.root.querySelector(".loading")?.remove()
  const field = document.createElement("textarea")
  field.value = editor.wanted.sql
  field.setAttribute("aria-label", "SQL")
  const { epoch } = editor.wanted
  field.oninput = () => editor.set_state("sql", { text: field.value, epoch })
  editor.field = field
  editor.host.append(field)
}

const COLOURS = ({ tags }) => [
  { tag: tags.keyword, color: "var(--keyword)", fontWeight: "600" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--string)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--number)" },
  { tag: [tags.lineComment, tags.blockComment], color: "var(--quiet)", fontStyle: "italic" },
  { tag: [tags.standard(tags.name), tags.typeName], color: "var(--function)" },
  { tag: tags.special(tags.name), color: "var(--number)", fontWeight: "600" },
]

const KEYWORDS =
  "select from where group by having order limit offset with recursive as and or not in is null " +
  "between like ilike case when then else end join left right full inner outer cross on using " +
  "union all intersect except distinct filter over partition rows range unbounded preceding " +
  "following current row asc desc nulls first last exists lateral values describe summarize " +
  "explain analyze true false interval qualify window any some exclude replace show tables asof " +
  "positional semi anti tablesample escape collate within grouping sets rollup cube"
const FUNCTIONS =
  "count sum avg min max median mode quantile_cont quantile_disc approx_count_distinct stddev " +
  "variance list string_agg arg_max arg_min first last any_value bool_and bool_or count_if " +
  "coalesce nullif greatest least round floor ceil abs ln log exp sqrt pow date_trunc date_part " +
  "date_diff date_add extract strftime strptime now today make_date last_day age dayname monthname " +
  "lower upper length trim substr replace regexp_matches regexp_extract regexp_replace contains " +
  "starts_with ends_with concat concat_ws split_part format printf bar row_number rank dense_rank " +
  "lag lead ntile percent_rank list_contains list_transform unnest range generate_series cast " +
  "try_cast if"
const TYPES =
  "boolean tinyint smallint integer bigint hugeint float double decimal varchar text date time " +
  "timestamp timestamptz uuid json int"
