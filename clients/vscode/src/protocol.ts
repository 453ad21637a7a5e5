// Generated from server/halley/lsp/protocol/ by tools/typescript_types.py: run `make generate`.

/** The answer to a call that waits for approval. `chat` and `workspace` are for further calls of its kind too, and only where they are offered. */
export interface AgentApproveParams {
  callId: string;
  answer: 'once' | 'chat' | 'workspace' | 'no';
  edited?: unknown;
}

/** `steps` takes the place of the chat's plan; an empty list removes it. */
export interface AgentPlanParams {
  chatId: string;
  steps: PlannedStep[];
}

/** Files whose only unsaved changes are an agent's, before a command is run that would not see them. */
export interface AgentSaveParams {
  uris: string[];
}

export interface Applied {
  applied: boolean;
  edits: number;
}

/** A block of code from a reply; `file` is the name the model gave it. */
export interface ApplyBlockParams {
  text: string;
  language?: string;
  file?: string | null;
  textDocument: TextDocument;
  range?: Range | null;
}

/** Whole lines of an edit. `line` counts from 0, in the text before. */
export interface ApproveHunk {
  line: number;
  oldText: string;
  newText: string;
}

/** A code block of a reply. `first` and `last` are its lines in the reply, from 0, including the fences. */
export interface Block {
  language: string;
  file?: string | null;
  text: string;
  first: number;
  last: number;
  closed: boolean;
}

export interface ChangedParams {
  what: 'models' | 'selection' | 'providers' | 'macros' | 'chats' | 'proposals' | 'index' | 'tools' | 'media' | 'mode';
}

export interface Chat {
  chatId: string;
  title: string;
  created: string;
  updated: string;
  forkedFrom?: string | null;
  turns: ChatTurn[];
  marks: ChatMark[];
  mode: 'ask' | 'edit' | 'agent' | 'plan';
  plan?: PlanStep[];
}

/** `models` maps every reply of the turn to its model, even if the turn was blind. */
export interface ChatChosen {
  chatId: string;
  models: Record<string, string>;
}

/** The messages sent for a reply. `left_out` older turns did not fit; `summary` replaces some of them. */
export interface ChatContext {
  replyId: string;
  model: string;
  tokens: number;
  window?: number | null;
  leftOut: number;
  summary: boolean;
  messages: SentMessage[];
}

export interface ChatContextParams {
  chatId: string;
  turnId: string;
  replyId?: string | null;
}

export interface ChatContinueParams {
  chatId: string;
  replyId: string;
  partialResultToken?: string | number | null;
}

/** An excerpt that a variable or the selection attached to a turn. */
export interface ChatExcerpt {
  source: string;
  label: string;
  tokens: number;
  uri?: string | null;
  line?: number | null;
  lastLine?: number | null;
}

export interface ChatExportParams {
  chatId: string;
  format?: 'markdown' | 'json';
  replies?: string[] | null;
  citations?: boolean;
  reasoning?: boolean;
}

/** Text for Markdown; an object for JSON. */
export interface ChatExported {
  content: unknown;
}

export interface ChatIdParams {
  chatId: string;
}

/** `content` is the JSON export of `halley/chat/export`, as an object or as text. */
export interface ChatImportParams {
  content: unknown;
}

export interface ChatInputItems {
  items: Record<string, unknown>[];
}

/** `position` is a position in `text`, counted in UTF-16 units as JavaScript and most editors do. */
export interface ChatInputParams {
  text: string;
  position: Position;
  uri?: string | null;
}

export interface ChatList {
  chats: ChatSummary[];
}

export interface ChatListParams {
  query?: string | null;
  limit?: number;
}

export interface ChatMark {
  kind: 'clear' | 'compact';
  afterPosition: number;
  text: string;
}

export interface ChatMarkParams {
  chatId: string;
}

/** What a message is made of. */
export interface ChatMessage {
  prompt: string;
  models?: string[] | null;
  textDocument?: TextDocument | null;
  range?: Range | null;
  attachments?: Record<string, unknown>[] | null;
  blind?: boolean;
  tools?: Record<string, boolean> | null;
  mode?: 'ask' | 'edit' | 'agent' | 'plan' | null;
  partialResultToken?: string | number | null;
}

export interface ChatMode {
  mode: 'ask' | 'edit' | 'agent' | 'plan';
}

/** Without `chat_id` the mode is that of the workspace's next chats. Without `mode` it stays as it is. */
export interface ChatModeParams {
  chatId?: string | null;
  mode?: 'ask' | 'edit' | 'agent' | 'plan' | null;
}

export interface ChatNamed {
  chatId: string;
}

export interface ChatRenameParams {
  chatId: string;
  title: string;
}

export interface ChatReplyParams {
  replyId: string;
  chatId?: string | null;
}

/** The turn and all after it are undone. What is not given stays as it was in that turn. `prompt` may be empty. */
export interface ChatResendParams {
  prompt: string;
  models?: string[] | null;
  textDocument?: TextDocument | null;
  range?: Range | null;
  attachments?: Record<string, unknown>[] | null;
  blind?: boolean;
  tools?: Record<string, boolean> | null;
  mode?: 'ask' | 'edit' | 'agent' | 'plan' | null;
  partialResultToken?: string | number | null;
  chatId: string;
  turnId: string;
  files?: boolean;
  changed?: 'ask' | 'keep' | 'restore';
}

export interface ChatRetryParams {
  chatId: string;
  turnId: string;
  models?: string[] | null;
  replyId?: string | null;
  partialResultToken?: string | number | null;
}

export interface ChatSendParams {
  prompt: string;
  models?: string[] | null;
  textDocument?: TextDocument | null;
  range?: Range | null;
  attachments?: Record<string, unknown>[] | null;
  blind?: boolean;
  tools?: Record<string, boolean> | null;
  mode?: 'ask' | 'edit' | 'agent' | 'plan' | null;
  partialResultToken?: string | number | null;
  chatId?: string | null;
  queue?: boolean;
}

/** `said` is the result of a command that makes no turn (`/clear`, `/compact`, `/model`). */
export interface ChatSent {
  chatId: string;
  turnId: string;
  replies: Reply[];
  said?: string | null;
  media?: MediaTask | null;
  mode: 'ask' | 'edit' | 'agent' | 'plan';
  restore?: RestoreResult | null;
}

/** `asking`: a call waits for approval. `waiting`: how many messages wait to be sent. */
export interface ChatStateParams {
  chatId: string;
  title?: string | null;
  state: 'idle' | 'running' | 'asking';
  waiting?: number;
}

/** How many replies and waiting messages were stopped. */
export interface ChatStopped {
  stopped: number;
}

export interface ChatSummary {
  chatId: string;
  title: string;
  created: string;
  updated: string;
  turns: number;
  match?: string | null;
  state?: 'running' | 'asking' | null;
}

export interface ChatTurn {
  turnId: string;
  position: number;
  prompt: string;
  blind?: boolean;
  created: string;
  excerpts: ChatExcerpt[];
  images: Record<string, unknown>[];
  replies: Reply[];
  current?: boolean | null;
}

/** `turn_id` is the last turn to keep. Without it, all turns (fork) or none (rollback) are kept. */
export interface ChatTurnParams {
  chatId: string;
  turnId?: string | null;
}

export interface ChatUndone {
  undone: number;
}

/** The state before a turn of an agent, or before a restore (with an empty `turn_id`). */
export interface Checkpoint {
  id: string;
  chatId: string;
  turnId: string;
  label: string;
  created: number;
  files: string[];
}

export interface CheckpointDiff {
  files: CheckpointFile[];
}

export interface CheckpointFile {
  path: string;
  kind: 'edit' | 'create' | 'delete';
  hunks: CheckpointHunk[];
}

/** Whole lines. `line` counts from 0, in the text before. */
export interface CheckpointHunk {
  line: number;
  oldText: string;
  newText: string;
}

export interface CheckpointParams {
  id: string;
}

/** `files` limits it to some of the files. */
export interface CheckpointReviewParams {
  id: string;
  files?: string[] | null;
}

export interface CheckpointReviewResult {
  proposal?: string | null;
}

export interface CheckpointsList {
  checkpoints: Checkpoint[];
}

export interface CheckpointsParams {
  chatId: string;
}

export interface Citation {
  url: string;
  title?: string;
  start?: number | null;
  end?: number | null;
}

export interface CommitMessage {
  message: string;
}

/** `cwd` is a folder or its URI. It defaults to the workspace's. */
export interface CommitParams {
  cwd?: string | null;
  uri?: string | null;
  staged?: boolean;
}

export interface ContextDropped {
  path: string;
  reason: string;
  tokens: number;
}

export interface ContextExcerpt {
  path: string;
  firstLine: number;
  lastLine: number;
  reason: string;
  tokens: number;
  text: string;
}

export interface ContextPreview {
  tokens: number;
  budget: number;
  excerpts: ContextExcerpt[];
  dropped: ContextDropped[];
  notices: string[];
}

export interface ContextPreviewParams {
  textDocument: TextDocument;
  range?: Range | null;
}

export interface Cost {
  amount: number;
  currency: string;
  source: 'provider' | 'estimated' | 'unknown';
}

export interface CountParams {
  text: string;
  model?: string | null;
}

export interface Counted {
  tokens: number;
}

/** An edit of a range by an instruction. The reply streams as events. `preview` makes a proposal, regardless of the settings. */
export interface EditParams {
  textDocument: TextDocument;
  range: Range;
  instruction: string;
  model?: string | null;
  preview?: boolean;
  partialResultToken?: string | number | null;
}

/** The cost of embedding all chunks without a vector. Shown before anything is sent. */
export interface EmbedEstimate {
  model: string;
  chunks: number;
  tokens: number;
  cost: Cost;
}

/** No parameters, or no result. */
export interface Empty {

}

/** One event of a stream. `type` decides which fields are present. */
export interface Event {
  type: 'start' | 'text' | 'reasoning' | 'notice' | 'citation' | 'image' | 'toolCall' | 'toolResult' | 'usage' | 'step' | 'media' | 'terminal' | 'plan' | 'checkpoint' | 'cost' | 'queued';
  replyId: string;
  delta?: string | null;
  text?: string | null;
  model?: string | null;
  name?: string | null;
  state?: string | null;
  number?: number | null;
  of?: number | null;
  chatId?: string | null;
  turnId?: string | null;
  excerpts?: ChatExcerpt[] | null;
  task?: MediaTask | null;
  callId?: string | null;
  server?: string | null;
  tool?: string | null;
  title?: string | null;
  arguments?: string | null;
  diff?: string | null;
  command?: string | null;
  mode?: 'ask' | 'edit' | 'agent' | 'plan' | null;
  usage?: Usage | null;
  checkpoint?: string | null;
  steps?: PlanStep[] | null;
  readOnly?: boolean | null;
}

export interface FavouriteParams {
  model: string;
  favourite?: boolean;
}

export interface Favourites {
  favourites: string[];
}

export interface Health {
  ok: boolean;
  at: string;
  ms?: number | null;
  problem?: Problem | null;
}

/** `embed` approves the estimate; `decline` rejects it, and that model is not suggested again. `pause` applies to every window of the workspace until `resume`. `rebuild` discards the index and starts from scratch; unchanged texts need no new embeddings. */
export interface IndexControlParams {
  action: 'pause' | 'resume' | 'rebuild' | 'embed' | 'decline';
  uri?: string | null;
}

/** `off`: disabled by `search.enabled`, or no workspace. `idle`: the first search builds the index. In `indexing` and `embedding`, searches already work. `estimate` is present while approval is needed: nothing is embedded until `halley/index/control` sends `embed`. */
export interface IndexStatus {
  state: 'off' | 'idle' | 'indexing' | 'embedding' | 'paused' | 'ready' | 'failed';
  files?: number;
  indexed?: number;
  chunks?: number;
  embedded?: number;
  embedModel?: string | null;
  answering?: string | null;
  estimate?: EmbedEstimate | null;
  paused?: boolean;
  bytes?: number;
  problem?: Problem | null;
}

/** Where a key comes from: exactly one of the five. */
export interface KeySource {
  env?: string | null;
  keyring?: boolean | null;
  command?: string[] | null;
  file?: string | null;
  client?: boolean | null;
}

export interface KeyStatus {
  status: 'present' | 'missing' | 'otherOrigin' | 'notNeeded';
  source?: string | null;
}

/** `runs`: it runs a command instead of editing, so it cannot be asked for by its title. */
export interface LanguageCodeAction {
  title: string;
  kind?: string | null;
  runs?: boolean | null;
}

/** `severity` as in LSP: 1 error, 2 warning, 3 information, 4 hint. */
export interface LanguageDiagnostic {
  range: Range;
  message: string;
  severity?: number | null;
  source?: string | null;
}

/** All edits of one file, in the text it has now. */
export interface LanguageFileEdits {
  uri: string;
  edits: LanguageTextEdit[];
}

export interface LanguageLocation {
  uri: string;
  range: Range;
  name?: string | null;
}

export interface LanguageTextEdit {
  range: Range;
  newText: string;
}

/** From the other language servers of the editor, not from Halley itself. */
export interface LanguageToolsAnswer {
  locations?: LanguageLocation[] | null;
  text?: string | null;
  diagnostics?: LanguageDiagnostic[] | null;
  edits?: LanguageFileEdits[] | null;
  actions?: LanguageCodeAction[] | null;
}

/** `definitions`, `references`, `hover`, `actions` and `rename` have a `position`, `symbols` a `query`. `actions` lists code actions; with a `title` it asks for the edits of that one. `settle`, for `diagnostics`: the text has just changed, so wait for news of the language servers, two seconds at most. */
export interface LanguageToolsParams {
  kind: 'definitions' | 'references' | 'hover' | 'symbols' | 'diagnostics' | 'rename' | 'actions';
  textDocument?: TextDocument | null;
  position?: Position | null;
  query?: string | null;
  newName?: string | null;
  title?: string | null;
  settle?: boolean;
}

/** `path` and `lines` in place of `textDocument` and `range`, for editors that can only put text into a command. `path` is absolute; `lines` are the first and the last one, counted from 1. */
export interface Lines {
  path: string;
  lines?: unknown[] | null;
}

export interface Macro {
  name: string;
  description: string;
  inputs: Record<string, unknown>;
  steps: number;
  output: string;
  prompt?: string | null;
  source?: string | null;
  definition?: Record<string, unknown>;
}

/** Without names, all macros. */
export interface MacroExportParams {
  names?: string[] | null;
  uri?: string | null;
}

/** Macros as one TOML file. */
export interface MacroFile {
  content: string;
}

export interface MacroImportParams {
  content: string;
  replace?: boolean;
}

export interface MacroNameParams {
  name: string;
}

/** Records a chat's questions as a macro and saves it. Without `turns`, all current ones. */
export interface MacroRecordParams {
  name: string;
  chatId: string;
  turns?: string[] | null;
}

export interface MacroRecorded {
  macro: Record<string, unknown>;
}

/** The state of each step. An incomplete run can be resumed by its ID. */
export interface MacroRun {
  id: string;
  macro: string;
  state: 'complete' | 'failed' | 'stopped';
  steps: MacroStepState[];
}

/** `inputs` are by name. `resume` continues a run by its ID (or `last`). */
export interface MacroRunParams {
  name: string;
  textDocument?: TextDocument | null;
  range?: Range | null;
  inputs?: Record<string, unknown> | null;
  resume?: string | null;
  uri?: string | null;
  partialResultToken?: string | number | null;
}

/** `macro` is a table as in `[macros.<name>]` of config.toml. */
export interface MacroSaveParams {
  name: string;
  macro: Record<string, unknown>;
}

export interface MacroStepState {
  name: string;
  kind: 'text' | 'image' | 'speech' | 'transcription' | 'video' | 'commit';
  state: 'waiting' | 'running' | 'complete' | 'skipped' | 'failed';
  text: string;
  model: string;
  images: Record<string, unknown>[];
  files?: Record<string, unknown>[];
  problem?: Problem | null;
}

export interface MacrosImported {
  names: string[];
}

export interface MacrosList {
  macros: Macro[];
}

/** `variant` counts from 1. It selects the result that `save` uses; for a task with `choices`, the variant to upscale, unless that was done before. */
export interface MediaChooseParams {
  task: string;
  variant: number;
}

export interface MediaListParams {
  kind?: 'image' | 'imageEdit' | 'speech' | 'transcription' | 'translation' | 'video' | null;
  uri?: string | null;
  limit?: number;
}

/** One file. `path` is a private copy to show or play, with the right extension. */
export interface MediaResult {
  variant: number;
  mime: string;
  bytes: number;
  path: string;
  uri: string;
  proposed: string;
  width?: number | null;
  height?: number | null;
  seconds?: number | null;
  of?: number | null;
  chosen?: boolean | null;
  saved?: string | null;
}

/** `path` is relative to the workspace, or the URI of a file in it. It defaults to the proposed name. */
export interface MediaSaveParams {
  task: string;
  variant?: number | null;
  path?: string | null;
  overwrite?: boolean;
  textDocument?: TextDocument | null;
  range?: Range | null;
  link?: boolean;
  uri?: string | null;
}

/** `link` is the Markdown for the document; `applied` says whether it was inserted. */
export interface MediaSaved {
  uri: string;
  path: string;
  link: string;
  applied?: boolean;
}

/** What to make. A `text_document` with a `range` supplies the text (speech) or the passage to illustrate (image) if none is given, and is where `save` inserts the link. */
export interface MediaStartParams {
  kind: 'image' | 'imageEdit' | 'speech' | 'transcription' | 'translation' | 'video';
  prompt?: string | null;
  text?: string | null;
  replyId?: string | null;
  source?: string | null;
  data?: string | null;
  mask?: string | null;
  size?: string | null;
  quality?: string | null;
  n?: number;
  seconds?: number | null;
  voice?: string | null;
  format?: string | null;
  language?: string | null;
  model?: string | null;
  uri?: string | null;
  textDocument?: TextDocument | null;
  range?: Range | null;
  wait?: boolean;
  partialResultToken?: string | number | null;
}

/** `choosing`: `results[0]` shows `choices` variants, and `halley/media/choose` upscales one. As long as `choices` is present, others can be chosen too. */
export interface MediaTask {
  task: string;
  kind: 'image' | 'imageEdit' | 'speech' | 'transcription' | 'translation' | 'video';
  state: 'queued' | 'running' | 'choosing' | 'complete' | 'failed' | 'cancelled';
  title: string;
  prompt: string;
  model?: string | null;
  created: string;
  updated: string;
  progress?: number | null;
  text?: string | null;
  results?: MediaResult[];
  choices?: number | null;
  cost?: Cost | null;
  expires?: string | null;
  problem?: Problem | null;
  notices?: string[];
}

export interface MediaTaskParams {
  task: string;
}

export interface MediaTasks {
  tasks: MediaTask[];
}

export interface Model {
  id: string;
  provider: string;
  name: string;
  label: string;
  group: string;
  context?: number | null;
  maxOutput?: number | null;
  price?: Price | null;
  roles: string[];
  capabilities: Record<string, unknown>;
  deprecated?: boolean | null;
  favourite?: boolean | null;
  recent?: boolean | null;
}

export interface ModelsList {
  models: Model[];
  stale: boolean;
  problems: Problem[];
}

export interface ModelsListParams {
  role?: 'chat' | 'edit' | 'complete' | 'fast' | 'next' | 'embed' | 'image' | 'speech' | 'transcribe' | 'video' | null;
  provider?: string | null;
  refresh?: boolean;
}

/** `range` is of just that `version` of the document, which may be another than the one asked for. A file that is not open has no version: once it is open, `replaces` must be the text in `range`, each line end a line feed. `jump`: it is on other lines than the cursor. `model` is where it is from. */
export interface NextEdit {
  id: string;
  uri: string;
  version?: number | null;
  range: Range;
  text: string;
  replaces: string;
  jump: boolean;
  model: string;
}

/** `shown` comes first and once; one of the others ends it. A rejected edit is not offered again, nor one like it. */
export interface NextEditOutcomeParams {
  id: string;
  outcome: 'shown' | 'accepted' | 'rejected' | 'ignored';
}

/** `idle`: in a pause after a change; the server waits for the rest of the pause. `diagnostics` are the document's, as LSP has them: those that came with an edit are looked at first. */
export interface NextEditParams {
  textDocument: TextDocument;
  position: Position;
  trigger?: 'idle' | 'save' | 'invoked';
  diagnostics?: Record<string, unknown>[] | null;
}

/** Without `edit` there is nothing to offer, or a newer question came. */
export interface NextEditResult {
  edit?: NextEdit | null;
}

export interface OperationParams {
  operation: string;
  state: 'waiting' | 'retrying' | 'failedOver' | 'done';
  attempt: number;
  of: number;
  waitMs: number;
  reason: string;
  from?: string | null;
  to?: string | null;
}

/** The outcome of an action: exactly one of `applied`, `proposal`, `answer`, `media`. */
export interface Outcome {
  applied?: boolean | null;
  edits?: number | null;
  proposal?: string | null;
  answer?: Record<string, string> | null;
  resume?: ResumableRun | null;
  media?: MediaTask | null;
  run?: MacroRun | null;
}

/** A step of a plan. `state` is `open`, `doing`, `done` or `dropped`. */
export interface PlanStep {
  text: string;
  state: string;
}

export interface PlannedStep {
  text: string;
  state?: 'open' | 'doing' | 'done' | 'dropped';
}

export interface Position {
  line: number;
  character: number;
}

/** A built-in provider that is not configured yet. */
export interface PresetRow {
  id: string;
  label: string;
  kind: string;
  baseUrl?: string | null;
  keyNeeded: boolean;
  about?: string | null;
}

export interface Price {
  input?: number | null;
  output?: number | null;
  perRequest?: number | null;
  perSecond?: number | null;
  currency?: string;
  source: 'provider' | 'catalog';
}

export interface Problem {
  code: string;
  message: string;
  help: string;
  provider?: string | null;
  model?: string | null;
  status?: number | null;
  requestId?: string | null;
  retryAfterMs?: number | null;
  setting?: string | null;
}

export interface ProgressParams {
  values: ProgressValue[];
}

export interface ProgressValue {
  token: string | number;
  value: unknown[];
}

export interface Proposal {
  id: string;
  title: string;
  reason: string;
  files: ProposalFile[];
  hunks: ProposalHunk[];
}

export interface ProposalFile {
  uri: string;
  proposed: string;
}

/** A hunk. `range` and `old_text` refer to the text it was made for; they are absent if a file is created, renamed or deleted. For a renamed file, `uri` is the new name. */
export interface ProposalHunk {
  index: number;
  uri: string;
  kind: 'edit' | 'create' | 'rename' | 'delete';
  oldUri?: string | null;
  range?: Range | null;
  oldText?: string | null;
  newText?: string | null;
}

/** `confirm`: the editor asks for confirmation of each edit, if it supports that. */
export interface ProposalParams {
  id: string;
  hunks?: number[] | null;
  confirm?: boolean;
}

export interface ProposalsList {
  proposals: Proposal[];
}

export interface Provider {
  id: string;
  label: string;
  kind: string;
  baseUrl: string;
  key: KeyStatus;
  health?: Health | null;
}

export interface ProviderIdParams {
  id: string;
}

export interface ProviderParams {
  provider: string;
}

/** A provider in the user's configuration. Absent fields stay unchanged; a preset supplies the rest. */
export interface ProviderSaveParams {
  id: string;
  kind?: 'openai' | 'openai-responses' | 'anthropic' | null;
  preset?: string | null;
  label?: string | null;
  baseUrl?: string | null;
  key?: KeySource | null;
  headers?: Record<string, string> | null;
  proxy?: string | null;
  caBundle?: string | null;
  enabled?: boolean | null;
}

export interface ProvidersList {
  providers: Provider[];
  presets?: PresetRow[];
}

export interface Range {
  start: Position;
  end: Position;
}

export interface Reply {
  replyId: string;
  model: string;
  text: string;
  reasoning?: string | null;
  status: 'complete' | 'interrupted' | 'cancelled' | 'failed';
  problem?: Problem | null;
  usage?: Usage | null;
  citations?: Citation[];
  images?: Record<string, unknown>[];
  chosen?: boolean | null;
  rendered?: string;
  sources?: Source[];
  blocks?: Block[];
  notices?: string[];
  media?: string[];
  tools?: ToolUse[];
}

/** A conversation of another application. Nothing is added to it or saved. */
export interface RespondParams {
  model: string;
  messages: SaidMessage[];
  maxTokens?: number | null;
  partialResultToken?: string | number | null;
}

export interface Responded {
  text: string;
}

/** `files` limits it to some of the files. `force` includes those that you changed since: your own changes stay where they do not overlap. */
export interface RestoreParams {
  id: string;
  files?: string[] | null;
  force?: boolean;
}

export interface RestoreResult {
  restored: string[];
  changed: string[];
  failed: string[];
  undo?: string | null;
}

/** `resume` of `halley/macros/run` takes the ID of `run`. */
export interface ResumableRun {
  macro: string;
  run: string;
}

export interface RetryEnded {
  ended: boolean;
}

export interface RetryParams {
  operation: string;
}

/** `text` is the whole report as Markdown, `summary` its first line. */
export interface Review {
  text: string;
  summary: string;
  findings: ReviewFinding[];
  unplaced: ReviewFinding[];
  files: number;
  skipped: string[];
  problems: Problem[];
  model: string;
  inputTokens: number;
  outputTokens: number;
  costUsd?: number | null;
}

/** Without `ids`: all findings. */
export interface ReviewClearParams {
  ids?: string[] | null;
}

export interface ReviewCleared {
  cleared: number;
}

/** Lines are of the new text, from 1; 0 where the finding is not placed. `replacement` is for exactly those lines. `id` and `uri` name a finding that is placed; `shown` says whether its lines still stand in the editor's text. */
export interface ReviewFinding {
  id?: string;
  uri?: string;
  shown?: boolean;
  file: string;
  firstLine: number;
  lastLine: number;
  severity: 'error' | 'warning' | 'info';
  title: string;
  text: string;
  quote: string;
  replacement?: string | null;
}

/** The argument of the `halley.review.fix` command: a finding's. */
export interface ReviewFixParams {
  id: string;
}

/** `range`: commits as in `main..HEAD`, or one; absent: the working tree against HEAD, or what is `staged`. `cwd` is a folder or its URI. It defaults to the workspace's. */
export interface ReviewParams {
  range?: string;
  staged?: boolean;
  instruction?: string;
  model?: string | null;
  cwd?: string | null;
  uri?: string | null;
}

/** The argument of the `halley.run` command. `background`: the command returns immediately, and the result is shown by standard LSP means. */
export interface RunParams {
  action: string;
  textDocument: TextDocument;
  range: Range;
  diagnostics?: Record<string, unknown>[] | null;
  instruction?: string;
  model?: string | null;
  background?: boolean;
}

export interface SaidMessage {
  role: 'user' | 'assistant' | 'system';
  content: string;
}

/** Lines of a file, best first. `path` is relative to the workspace; `text` is those lines as they were indexed. `how` says what matched: words, meaning, or both. `score` only compares hits of one result. */
export interface SearchHit {
  path: string;
  uri: string;
  range: Range;
  text: string;
  score: number;
  how: 'lexical' | 'vector' | 'both';
  symbol?: string | null;
  languageId?: string;
}

/** `uri` names the workspace by any document in it; it defaults to the first folder's. */
export interface SearchParams {
  query: string;
  limit?: number;
  uri?: string | null;
}

/** If `state` is not `ready`, the result covers what is indexed so far. `notices` are for the user. */
export interface SearchResult {
  hits: SearchHit[];
  state: 'off' | 'idle' | 'indexing' | 'embedding' | 'paused' | 'ready' | 'failed';
  notices?: string[];
}

export interface SecretGetParams {
  provider: string;
  origin: string;
}

export interface SecretGot {
  key: string | null;
}

export interface SecretSetParams {
  provider: string;
  key: string;
  store?: 'keyring' | 'file' | 'session';
}

export interface SelectParams {
  role: 'chat' | 'edit' | 'complete' | 'fast' | 'next' | 'embed' | 'image' | 'speech' | 'transcribe' | 'video';
  route: string[];
  scope?: 'session' | 'workspace' | 'user';
  uri?: string | null;
}

export interface SelectedRole {
  route: string[];
  scope: string;
  source: string;
}

export interface Selection {
  roles: Record<string, SelectedRole>;
}

export interface SentMessage {
  role: 'system' | 'user' | 'assistant' | 'tool';
  text: string;
  tokens: number;
  images: number;
}

/** A cited source. Marks in the text refer to `number`. */
export interface Source {
  number: number;
  url: string;
  title: string;
}

export interface StatusParams {
  kind: 'normal' | 'busy' | 'warning' | 'error' | 'inactive';
  message: string;
  roles: Record<string, SelectedRole>;
  spend?: Record<string, unknown> | null;
  action?: Record<string, unknown> | null;
}

/** `problem` stands instead of what only the database knows, while it cannot be reached. */
export interface TeamStatus {
  address: string;
  reachable: boolean;
  waiting: number;
  member?: string | null;
  admin?: boolean | null;
  groups?: string[] | null;
  budgets?: Record<string, unknown>[] | null;
  members?: Record<string, unknown>[] | null;
  gateways?: Record<string, unknown>[];
  problem?: Record<string, unknown> | null;
}

export interface TextDocument {
  uri: string;
  version?: number | null;
}

/** A permanent approval of a tool, for arguments of this shape in this workspace, until anything about it changes. */
export interface ToolApproval {
  id: string;
  server: string;
  tool: string;
  shape: string;
  workspace: string;
  created: string;
}

/** A call that waits for approval. The fields are as the model and the server wrote them: show them as plain text. */
export interface ToolApproveParams {
  chatId: string;
  turnId: string;
  replyId: string;
  callId: string;
  server: string;
  tool: string;
  title: string;
  arguments: Record<string, unknown>;
  argumentsText: string;
  readOnly: boolean;
  changed?: string | null;
  always?: boolean;
  chat?: boolean;
  diff?: string | null;
  command?: string | null;
  why?: string | null;
  hunks?: ApproveHunk[] | null;
}

/** No answer, an error, and anything else count as `deny`. `chat`: for the rest of this chat. */
export interface ToolApproved {
  decision: 'once' | 'chat' | 'always' | 'deny';
  hunks?: number[] | null;
}

/** An argument of an MCP prompt. */
export interface ToolArgument {
  name: string;
  description?: string;
  required?: boolean;
}

/** A field of a tool server's form. Show both as plain text, and what is written as it is: it is no password. */
export interface ToolAskParams {
  title: string;
  prompt: string;
}

export interface ToolAsked {
  text?: string | null;
}

export interface ToolEntry {
  name: string;
  title: string;
  description: string;
  readOnly: boolean;
  enabled: boolean;
  scope: 'chat' | 'workspace' | 'user' | 'default';
  asks: boolean;
  schema: Record<string, unknown>;
}

/** A prompt that a server offers: `/server.name` in a chat. */
export interface ToolPrompt {
  name: string;
  title: string;
  description: string;
  arguments?: ToolArgument[];
}

/** A readable resource of a server: `#server:uri` in a chat. */
export interface ToolResource {
  uri: string;
  name: string;
  title: string;
  description: string;
  mime?: string | null;
}

/** `state` is `off` until the server is first needed, and while it is switched off. */
export interface ToolServer {
  name: string;
  title: string;
  state: 'off' | 'starting' | 'ready' | 'failed';
  problem?: string | null;
  enabled: boolean;
  scope: 'chat' | 'workspace' | 'user' | 'default';
  trusted: boolean;
  transport: 'builtin' | 'stdio' | 'http';
  tools?: ToolEntry[];
  prompts?: ToolPrompt[];
  resources?: ToolResource[];
}

/** A tool call of a reply, with its result. `at` is its offset in the reply's `text`, in code points. */
export interface ToolUse {
  callId: string;
  server: string;
  tool: string;
  title: string;
  arguments: string;
  state: 'done' | 'failed' | 'denied' | 'refused' | 'cut' | 'unanswered' | 'open';
  result?: string;
  shortened?: boolean;
  readOnly?: boolean;
  at?: number;
  ms?: number | null;
  diff?: string | null;
  command?: string | null;
}

/** Revokes permanent approvals: one by `id`, those of a server or of one of its tools, or without any field all of the workspace's. */
export interface ToolsForgetParams {
  id?: string | null;
  server?: string | null;
  tool?: string | null;
  uri?: string | null;
}

export interface ToolsForgotten {
  forgotten: number;
}

export interface ToolsList {
  off: boolean;
  scope: 'chat' | 'workspace' | 'user' | 'default';
  servers: ToolServer[];
  approvals: ToolApproval[];
}

/** `uri` selects the workspace and `chat_id` the chat whose switches are shown. */
export interface ToolsListParams {
  uri?: string | null;
  chatId?: string | null;
}

export interface ToolsRestartParams {
  server: string;
  uri?: string | null;
  chatId?: string | null;
}

/** Without `server` and `tool`, all tools are meant. `enabled: null` removes the setting at this scope. */
export interface ToolsSetParams {
  server?: string | null;
  tool?: string | null;
  enabled?: boolean | null;
  scope?: 'chat' | 'workspace' | 'user';
  chatId?: string | null;
  uri?: string | null;
}

/** A server that is a host, by its name in `tools.servers`. */
export interface ToolsSignParams {
  server: string;
  uri?: string | null;
}

export interface ToolsSigned {
  text: string;
}

/** `hash` covers the content described here; `files` are the paths of the existing files. */
export interface TrustAsked {
  root: string;
  hash: string;
  trusted: boolean;
  files: string[];
  asks: string[];
  refused: string[];
}

/** `hash` is from `TrustAsked`, so content that has changed since it was shown is not trusted. */
export interface TrustParams {
  hash: string;
  uri?: string | null;
}

export interface UriParams {
  uri?: string | null;
}

export interface Usage {
  inputTokens: number;
  outputTokens: number;
  cachedTokens?: number | null;
  cacheWriteTokens?: number | null;
  cost?: Cost | null;
  firstTokenMs?: number | null;
  totalMs?: number | null;
  tokensPerS?: number | null;
}

export interface UsageParams {
  since?: string | null;
  until?: string | null;
  by?: ('day' | 'month' | 'model' | 'provider' | 'workspace' | 'feature' | 'status' | 'member')[];
  team?: boolean;
}

export interface UsageReport {
  rows: Record<string, unknown>[];
  totals: Record<string, unknown>;
  completions?: Record<string, unknown>[];
  nextEdits?: Record<string, unknown>[];
  quota?: Record<string, unknown>[] | null;
  hasTeam?: boolean;
}

export interface Verified {
  ok: boolean;
  steps: VerifyStep[];
  model?: string | null;
  firstTokenMs?: number | null;
}

export interface VerifyParams {
  provider: string;
  model?: string | null;
}

export interface VerifyStep {
  name: string;
  ok: boolean;
  ms?: number | null;
  problem?: Problem | null;
}

export interface Requests {
  /** The catalogue: from the cache, and refreshed in the background. */
  'halley/models/list': { params: ModelsListParams; result: ModelsList };
  /** The route of each role, and where it was set. */
  'halley/models/selection': { params: UriParams; result: Selection };
  /** Sets the route of a role. */
  'halley/models/select': { params: SelectParams; result: Selection };
  /** Marks a model as a favourite; lists show favourites first. */
  'halley/models/favourite': { params: FavouriteParams; result: Favourites };
  /** A model's reply to another application's conversation. Streams. */
  'halley/models/respond': { params: RespondParams; result: Responded };
  /** The approximate number of tokens of a text. */
  'halley/models/count': { params: CountParams; result: Counted };
  /** The configured providers and the state of their keys. */
  'halley/providers/list': { params: Empty; result: ProvidersList };
  /** Key, catalogue and first token, step by step. */
  'halley/providers/verify': { params: VerifyParams; result: Verified };
  /** Stores a key, bound to the provider's origin. */
  'halley/secrets/set': { params: SecretSetParams; result: Empty };
  /** Removes a stored key. */
  'halley/secrets/remove': { params: ProviderParams; result: Empty };
  /** Saves a provider in the user's configuration. */
  'halley/providers/save': { params: ProviderSaveParams; result: Empty };
  /** Removes a provider from the user's configuration. */
  'halley/providers/remove': { params: ProviderIdParams; result: Empty };
  /** One turn of a chat. Streams. */
  'halley/chat/send': { params: ChatSendParams; result: ChatSent };
  /** Sends a turn again in other words, with the files as they were before it. Streams. */
  'halley/chat/resend': { params: ChatResendParams; result: ChatSent };
  /** Stops what runs and what waits in a chat. What was done until then is kept. */
  'halley/agent/stop': { params: ChatIdParams; result: ChatStopped };
  /** The workspace's chats, newest first. */
  'halley/chat/list': { params: ChatListParams; result: ChatList };
  /** One complete chat. */
  'halley/chat/get': { params: ChatIdParams; result: Chat };
  /** Another reply to a turn. Streams. */
  'halley/chat/retry': { params: ChatRetryParams; result: ChatSent };
  /** Continues an interrupted reply. Streams. */
  'halley/chat/continue': { params: ChatContinueParams; result: ChatSent };
  /** A copy of a chat up to a turn. */
  'halley/chat/fork': { params: ChatTurnParams; result: ChatNamed };
  /** Undoes every turn after the given one. */
  'halley/chat/rollback': { params: ChatTurnParams; result: ChatUndone };
  /** Keeps one of several replies for the conversation. */
  'halley/chat/choose': { params: ChatReplyParams; result: ChatChosen };
  /** Clears the context; history is kept. */
  'halley/chat/clear': { params: ChatMarkParams; result: Empty };
  /** Summarises the chat so far; from then on the summary is sent instead. */
  'halley/chat/compact': { params: ChatMarkParams; result: ChatSent };
  /** The messages actually sent for a reply, with their tokens. */
  'halley/chat/context': { params: ChatContextParams; result: ChatContext };
  /** Imports a chat exported as JSON. */
  'halley/chat/import': { params: ChatImportParams; result: ChatNamed };
  /** A chat as Markdown or JSON. */
  'halley/chat/export': { params: ChatExportParams; result: ChatExported };
  /** Completion of /commands, #variables and @models while typing. */
  'halley/chat/input': { params: ChatInputParams; result: ChatInputItems };
  /** Renames a chat. */
  'halley/chat/rename': { params: ChatRenameParams; result: Empty };
  /** The mode of a chat's next turn; changes it. */
  'halley/chat/mode': { params: ChatModeParams; result: ChatMode };
  /** Deletes a chat. */
  'halley/chat/delete': { params: ChatIdParams; result: Empty };
  /** Applies a code block of a reply where it belongs. */
  'halley/chat/apply': { params: ApplyBlockParams; result: Outcome };
  /** Edits a range by an instruction. Streams. */
  'halley/edit': { params: EditParams; result: Outcome };
  /** Changes that wait for approval. */
  'halley/proposals/list': { params: Empty; result: ProposalsList };
  /** Applies a proposal, or some hunks of it. */
  'halley/proposals/accept': { params: ProposalParams; result: Applied };
  /** Discards a proposal, or some hunks of it. */
  'halley/proposals/discard': { params: ProposalParams; result: Empty };
  /** Takes up proposals that the client kept over a restart: the changes that still fit. Returns all pending ones. */
  'halley/proposals/restore': { params: ProposalsList; result: ProposalsList };
  /** What a model would see for a range, and why. */
  'halley/context/preview': { params: ContextPreviewParams; result: ContextPreview };
  /** What you would change next, wherever it is. */
  'halley/nextEdit': { params: NextEditParams; result: NextEditResult };
  /** What became of a next edit. */
  'halley/nextEdit/outcome': { params: NextEditOutcomeParams; result: Empty };
  /** The macros available for a document. */
  'halley/macros/list': { params: UriParams; result: MacrosList };
  /** Runs a macro or a pipeline. Streams. */
  'halley/macros/run': { params: MacroRunParams; result: Outcome };
  /** Exports macros as one file. */
  'halley/macros/export': { params: MacroExportParams; result: MacroFile };
  /** Imports the macros of an exported file into the user's configuration. */
  'halley/macros/import': { params: MacroImportParams; result: MacrosImported };
  /** Saves a macro in the user's configuration. */
  'halley/macros/save': { params: MacroSaveParams; result: Empty };
  /** Makes a macro of a chat's questions, and saves it. */
  'halley/macros/record': { params: MacroRecordParams; result: MacroRecorded };
  /** Removes a macro from the user's configuration. */
  'halley/macros/remove': { params: MacroNameParams; result: Empty };
  /** Makes a picture, speech, a transcription or a video. Streams. */
  'halley/media/start': { params: MediaStartParams; result: MediaTask };
  /** The workspace's tasks, newest first. */
  'halley/media/list': { params: MediaListParams; result: MediaTasks };
  /** The current state of one task. */
  'halley/media/get': { params: MediaTaskParams; result: MediaTask };
  /** Cancels a task, also at the host if it supports that. */
  'halley/media/cancel': { params: MediaTaskParams; result: MediaTask };
  /** Chooses one of several variants. */
  'halley/media/choose': { params: MediaChooseParams; result: MediaTask };
  /** Saves a result in the workspace, and inserts its link into a document. */
  'halley/media/save': { params: MediaSaveParams; result: MediaSaved };
  /** Removes a task and its files. */
  'halley/media/remove': { params: MediaTaskParams; result: Empty };
  /** All tools, which of them are on, and the permanent approvals. */
  'halley/tools/list': { params: ToolsListParams; result: ToolsList };
  /** Switches all tools, a server or one tool on or off, for a chat, a workspace or the user. */
  'halley/tools/set': { params: ToolsSetParams; result: ToolsList };
  /** Revokes permanent approvals. */
  'halley/tools/forget': { params: ToolsForgetParams; result: ToolsForgotten };
  /** Restarts a server. */
  'halley/tools/restart': { params: ToolsRestartParams; result: ToolsList };
  /** Signs in to a server: opens the sign-in page by `window/showDocument` and waits until the user is done there. Cancel it to stop waiting. */
  'halley/tools/signIn': { params: ToolsSignParams; result: ToolsSigned };
  /** Forgets what a sign-in gave. */
  'halley/tools/signOut': { params: ToolsSignParams; result: ToolsSigned };
  /** Answers a call that waits for approval, instead of the question that the client was asked. */
  'halley/agent/approve': { params: AgentApproveParams; result: Empty };
  /** Writes the plan of a chat that is not busy. The user who sends it approves it. */
  'halley/agent/plan': { params: AgentPlanParams; result: Empty };
  /** What can be taken back in a chat. */
  'halley/checkpoints/list': { params: CheckpointsParams; result: CheckpointsList };
  /** What a turn of an agent changed. */
  'halley/checkpoints/diff': { params: CheckpointParams; result: CheckpointDiff };
  /** Gives files the text they had before a turn of an agent, unsaved text included. */
  'halley/checkpoints/restore': { params: RestoreParams; result: RestoreResult };
  /** Makes a proposal of what a restore would do, to accept hunk by hunk. Files that were changed since in the same place are left out. */
  'halley/checkpoints/review': { params: CheckpointReviewParams; result: CheckpointReviewResult };
  /** Searches the workspace, by words and by meaning. */
  'halley/search': { params: SearchParams; result: SearchResult };
  /** The state and progress of the workspace's index. */
  'halley/index/status': { params: UriParams; result: IndexStatus };
  /** Pauses, resumes or rebuilds the index, or approves embeddings. */
  'halley/index/control': { params: IndexControlParams; result: IndexStatus };
  /** Tokens, cost and errors from the ledger. */
  'halley/usage': { params: UsageParams; result: UsageReport };
  /** Versions, paths and problems, redacted. */
  'halley/doctor': { params: Empty; result: Empty };
  /** A commit message for the staged changes. */
  'halley/commit': { params: CommitParams; result: CommitMessage };
  /** Who this user is in the team, its budgets, and what waits. */
  'halley/team/status': { params: Empty; result: TeamStatus };
  /** Ends a backoff wait and retries immediately. */
  'halley/retry/now': { params: RetryParams; result: RetryEnded };
  /** Findings about a change, which are then shown as diagnostics. */
  'halley/review': { params: ReviewParams; result: Review };
  /** Clears findings of a review. */
  'halley/review/clear': { params: ReviewClearParams; result: ReviewCleared };
  /** What the workspace's files ask for, and whether it is granted. */
  'halley/trust/describe': { params: UriParams; result: TrustAsked };
  /** Trusts exactly the content that was described. */
  'halley/trust/grant': { params: TrustParams; result: TrustAsked };
  /** Revokes the trust. */
  'halley/trust/revoke': { params: UriParams; result: TrustAsked };
}

export interface ClientRequests {
  /** The key that the client stores for exactly this origin. */
  'halley/secrets/get': { params: SecretGetParams; result: SecretGot };
  /** Asks the user to approve a tool call. Sent only if the client declared `experimental.halley.tools`; other clients get a `window/showMessageRequest`. */
  'halley/tools/approve': { params: ToolApproveParams; result: ToolApproved };
  /** Asks the user for a line of text, for a form of a tool server. Sent only if the client declared `experimental.halley.inputs`; other clients decline forms with such fields. */
  'halley/tools/ask': { params: ToolAskParams; result: ToolAsked };
  /** Saves open files. Sent only if the client declared `experimental.halley.saves`. */
  'halley/agent/save': { params: AgentSaveParams; result: Empty };
  /** Asks the editor's other language servers. Sent only if the client declared `experimental.halley.languageTools`. */
  'halley/language/ask': { params: LanguageToolsParams; result: LanguageToolsAnswer };
}

export interface Notifications {
  /** What the status bar shows. */
  'halley/status': StatusParams;
  /** A wait, a retry or a failover in progress. */
  'halley/operation': OperationParams;
  /** Partial results of several requests, one message per 16 ms. Sent only if the client declared `experimental.halley.batchedProgress`, beside `$/progress`, which brings the end of a request's results. */
  'halley/progress': ProgressParams;
  /** What a chat of this window does, whichever chat is shown. */
  'halley/chat/state': ChatStateParams;
  /** Something a client may have cached has changed. */
  'halley/changed': ChangedParams;
}
