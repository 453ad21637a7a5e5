---@meta
-- Generated from server/halley/lsp/protocol/ by tools/lua_types.py: run `make generate`.

--- The answer to a call that waits for approval. `chat` and `workspace` are for further calls of its kind too, and only where they are offered.
---@class halley.AgentApproveParams
---@field callId string
---@field answer 'once'|'chat'|'workspace'|'no'
---@field edited? any

--- `steps` takes the place of the chat's plan; an empty list removes it.
---@class halley.AgentPlanParams
---@field chatId string
---@field steps halley.PlannedStep[]

--- Files whose only unsaved changes are an agent's, before a command is run that would not see them.
---@class halley.AgentSaveParams
---@field uris string[]

---@class halley.Applied
---@field applied boolean
---@field edits integer

--- A block of code from a reply; `file` is the name the model gave it.
---@class halley.ApplyBlockParams
---@field text string
---@field language? string
---@field file? string
---@field textDocument halley.TextDocument
---@field range? halley.Range

--- Whole lines of an edit. `line` counts from 0, in the text before.
---@class halley.ApproveHunk
---@field line integer
---@field oldText string
---@field newText string

--- A code block of a reply. `first` and `last` are its lines in the reply, from 0, including the fences.
---@class halley.Block
---@field language string
---@field file? string
---@field text string
---@field first integer
---@field last integer
---@field closed boolean

---@class halley.ChangedParams
---@field what 'models'|'selection'|'providers'|'macros'|'chats'|'proposals'|'index'|'tools'|'media'|'mode'

---@class halley.Chat
---@field chatId string
---@field title string
---@field created string
---@field updated string
---@field forkedFrom? string
---@field turns halley.ChatTurn[]
---@field marks halley.ChatMark[]
---@field mode 'ask'|'edit'|'agent'|'plan'
---@field plan? halley.PlanStep[]

--- `models` maps every reply of the turn to its model, even if the turn was blind.
---@class halley.ChatChosen
---@field chatId string
---@field models table<string, string>

--- The messages sent for a reply. `left_out` older turns did not fit; `summary` replaces some of them.
---@class halley.ChatContext
---@field replyId string
---@field model string
---@field tokens integer
---@field window? integer
---@field leftOut integer
---@field summary boolean
---@field messages halley.SentMessage[]

---@class halley.ChatContextParams
---@field chatId string
---@field turnId string
---@field replyId? string

---@class halley.ChatContinueParams
---@field chatId string
---@field replyId string
---@field partialResultToken? string|integer

--- An excerpt that a variable or the selection attached to a turn.
---@class halley.ChatExcerpt
---@field source string
---@field label string
---@field tokens integer
---@field uri? string
---@field line? integer
---@field lastLine? integer

---@class halley.ChatExportParams
---@field chatId string
---@field format? 'markdown'|'json'
---@field replies? string[]
---@field citations? boolean
---@field reasoning? boolean

--- Text for Markdown; an object for JSON.
---@class halley.ChatExported
---@field content any

---@class halley.ChatIdParams
---@field chatId string

--- `content` is the JSON export of `halley/chat/export`, as an object or as text.
---@class halley.ChatImportParams
---@field content any

---@class halley.ChatInputItems
---@field items table<string, any>[]

--- `position` is a position in `text`, counted in UTF-16 units as JavaScript and most editors do.
---@class halley.ChatInputParams
---@field text string
---@field position halley.Position
---@field uri? string

---@class halley.ChatList
---@field chats halley.ChatSummary[]

---@class halley.ChatListParams
---@field query? string
---@field limit? integer

---@class halley.ChatMark
---@field kind 'clear'|'compact'
---@field afterPosition integer
---@field text string

---@class halley.ChatMarkParams
---@field chatId string

--- What a message is made of.
---@class halley.ChatMessage
---@field prompt string
---@field models? string[]
---@field textDocument? halley.TextDocument
---@field range? halley.Range
---@field attachments? table<string, any>[]
---@field blind? boolean
---@field tools? table<string, boolean>
---@field mode? 'ask'|'edit'|'agent'|'plan'
---@field partialResultToken? string|integer

---@class halley.ChatMode
---@field mode 'ask'|'edit'|'agent'|'plan'

--- Without `chat_id` the mode is that of the workspace's next chats. Without `mode` it stays as it is.
---@class halley.ChatModeParams
---@field chatId? string
---@field mode? 'ask'|'edit'|'agent'|'plan'

---@class halley.ChatNamed
---@field chatId string

---@class halley.ChatRenameParams
---@field chatId string
---@field title string

---@class halley.ChatReplyParams
---@field replyId string
---@field chatId? string

--- The turn and all after it are undone. What is not given stays as it was in that turn. `prompt` may be empty.
---@class halley.ChatResendParams
---@field prompt string
---@field models? string[]
---@field textDocument? halley.TextDocument
---@field range? halley.Range
---@field attachments? table<string, any>[]
---@field blind? boolean
---@field tools? table<string, boolean>
---@field mode? 'ask'|'edit'|'agent'|'plan'
---@field partialResultToken? string|integer
---@field chatId string
---@field turnId string
---@field files? boolean
---@field changed? 'ask'|'keep'|'restore'

---@class halley.ChatRetryParams
---@field chatId string
---@field turnId string
---@field models? string[]
---@field replyId? string
---@field partialResultToken? string|integer

---@class halley.ChatSendParams
---@field prompt string
---@field models? string[]
---@field textDocument? halley.TextDocument
---@field range? halley.Range
---@field attachments? table<string, any>[]
---@field blind? boolean
---@field tools? table<string, boolean>
---@field mode? 'ask'|'edit'|'agent'|'plan'
---@field partialResultToken? string|integer
---@field chatId? string
---@field queue? boolean

--- `said` is the result of a command that makes no turn (`/clear`, `/compact`, `/model`).
---@class halley.ChatSent
---@field chatId string
---@field turnId string
---@field replies halley.Reply[]
---@field said? string
---@field media? halley.MediaTask
---@field mode 'ask'|'edit'|'agent'|'plan'
---@field restore? halley.RestoreResult

--- `asking`: a call waits for approval. `waiting`: how many messages wait to be sent.
---@class halley.ChatStateParams
---@field chatId string
---@field title? string
---@field state 'idle'|'running'|'asking'
---@field waiting? integer

--- How many replies and waiting messages were stopped.
---@class halley.ChatStopped
---@field stopped integer

---@class halley.ChatSummary
---@field chatId string
---@field title string
---@field created string
---@field updated string
---@field turns integer
---@field match? string
---@field state? 'running'|'asking'

---@class halley.ChatTurn
---@field turnId string
---@field position integer
---@field prompt string
---@field blind? boolean
---@field created string
---@field excerpts halley.ChatExcerpt[]
---@field images table<string, any>[]
---@field replies halley.Reply[]
---@field current? boolean

--- `turn_id` is the last turn to keep. Without it, all turns (fork) or none (rollback) are kept.
---@class halley.ChatTurnParams
---@field chatId string
---@field turnId? string

---@class halley.ChatUndone
---@field undone integer

--- The state before a turn of an agent, or before a restore (with an empty `turn_id`).
---@class halley.Checkpoint
---@field id string
---@field chatId string
---@field turnId string
---@field label string
---@field created number
---@field files string[]

---@class halley.CheckpointDiff
---@field files halley.CheckpointFile[]

---@class halley.CheckpointFile
---@field path string
---@field kind 'edit'|'create'|'delete'
---@field hunks halley.CheckpointHunk[]

--- Whole lines. `line` counts from 0, in the text before.
---@class halley.CheckpointHunk
---@field line integer
---@field oldText string
---@field newText string

---@class halley.CheckpointParams
---@field id string

--- `files` limits it to some of the files.
---@class halley.CheckpointReviewParams
---@field id string
---@field files? string[]

---@class halley.CheckpointReviewResult
---@field proposal? string

---@class halley.CheckpointsList
---@field checkpoints halley.Checkpoint[]

---@class halley.CheckpointsParams
---@field chatId string

---@class halley.Citation
---@field url string
---@field title? string
---@field start? integer
---@field end? integer

---@class halley.CommitMessage
---@field message string

--- `cwd` is a folder or its URI. It defaults to the workspace's.
---@class halley.CommitParams
---@field cwd? string
---@field uri? string
---@field staged? boolean

---@class halley.ContextDropped
---@field path string
---@field reason string
---@field tokens integer

---@class halley.ContextExcerpt
---@field path string
---@field firstLine integer
---@field lastLine integer
---@field reason string
---@field tokens integer
---@field text string

---@class halley.ContextPreview
---@field tokens integer
---@field budget integer
---@field excerpts halley.ContextExcerpt[]
---@field dropped halley.ContextDropped[]
---@field notices string[]

---@class halley.ContextPreviewParams
---@field textDocument halley.TextDocument
---@field range? halley.Range

---@class halley.Cost
---@field amount number
---@field currency string
---@field source 'provider'|'estimated'|'unknown'

---@class halley.CountParams
---@field text string
---@field model? string

---@class halley.Counted
---@field tokens integer

--- An edit of a range by an instruction. The reply streams as events. `preview` makes a proposal, regardless of the settings.
---@class halley.EditParams
---@field textDocument halley.TextDocument
---@field range halley.Range
---@field instruction string
---@field model? string
---@field preview? boolean
---@field partialResultToken? string|integer

--- The cost of embedding all chunks without a vector. Shown before anything is sent.
---@class halley.EmbedEstimate
---@field model string
---@field chunks integer
---@field tokens integer
---@field cost halley.Cost

--- No parameters, or no result.
---@class halley.Empty

--- One event of a stream. `type` decides which fields are present.
---@class halley.Event
---@field type 'start'|'text'|'reasoning'|'notice'|'citation'|'image'|'toolCall'|'toolResult'|'usage'|'step'|'media'|'terminal'|'plan'|'checkpoint'|'cost'|'queued'
---@field replyId string
---@field delta? string
---@field text? string
---@field model? string
---@field name? string
---@field state? string
---@field number? integer
---@field of? integer
---@field chatId? string
---@field turnId? string
---@field excerpts? halley.ChatExcerpt[]
---@field task? halley.MediaTask
---@field callId? string
---@field server? string
---@field tool? string
---@field title? string
---@field arguments? string
---@field diff? string
---@field command? string
---@field mode? 'ask'|'edit'|'agent'|'plan'
---@field usage? halley.Usage
---@field checkpoint? string
---@field steps? halley.PlanStep[]
---@field readOnly? boolean

---@class halley.FavouriteParams
---@field model string
---@field favourite? boolean

---@class halley.Favourites
---@field favourites string[]

---@class halley.Health
---@field ok boolean
---@field at string
---@field ms? number
---@field problem? halley.Problem

--- `embed` approves the estimate; `decline` rejects it, and that model is not suggested again. `pause` applies to every window of the workspace until `resume`. `rebuild` discards the index and starts from scratch; unchanged texts need no new embeddings.
---@class halley.IndexControlParams
---@field action 'pause'|'resume'|'rebuild'|'embed'|'decline'
---@field uri? string

--- `off`: disabled by `search.enabled`, or no workspace. `idle`: the first search builds the index. In `indexing` and `embedding`, searches already work. `estimate` is present while approval is needed: nothing is embedded until `halley/index/control` sends `embed`.
---@class halley.IndexStatus
---@field state 'off'|'idle'|'indexing'|'embedding'|'paused'|'ready'|'failed'
---@field files? integer
---@field indexed? integer
---@field chunks? integer
---@field embedded? integer
---@field embedModel? string
---@field answering? string
---@field estimate? halley.EmbedEstimate
---@field paused? boolean
---@field bytes? integer
---@field problem? halley.Problem

--- Where a key comes from: exactly one of the five.
---@class halley.KeySource
---@field env? string
---@field keyring? boolean
---@field command? string[]
---@field file? string
---@field client? boolean

---@class halley.KeyStatus
---@field status 'present'|'missing'|'otherOrigin'|'notNeeded'
---@field source? string

--- `runs`: it runs a command instead of editing, so it cannot be asked for by its title.
---@class halley.LanguageCodeAction
---@field title string
---@field kind? string
---@field runs? boolean

--- `severity` as in LSP: 1 error, 2 warning, 3 information, 4 hint.
---@class halley.LanguageDiagnostic
---@field range halley.Range
---@field message string
---@field severity? integer
---@field source? string

--- All edits of one file, in the text it has now.
---@class halley.LanguageFileEdits
---@field uri string
---@field edits halley.LanguageTextEdit[]

---@class halley.LanguageLocation
---@field uri string
---@field range halley.Range
---@field name? string

---@class halley.LanguageTextEdit
---@field range halley.Range
---@field newText string

--- From the other language servers of the editor, not from Halley itself.
---@class halley.LanguageToolsAnswer
---@field locations? halley.LanguageLocation[]
---@field text? string
---@field diagnostics? halley.LanguageDiagnostic[]
---@field edits? halley.LanguageFileEdits[]
---@field actions? halley.LanguageCodeAction[]

--- `definitions`, `references`, `hover`, `actions` and `rename` have a `position`, `symbols` a `query`. `actions` lists code actions; with a `title` it asks for the edits of that one. `settle`, for `diagnostics`: the text has just changed, so wait for news of the language servers, two seconds at most.
---@class halley.LanguageToolsParams
---@field kind 'definitions'|'references'|'hover'|'symbols'|'diagnostics'|'rename'|'actions'
---@field textDocument? halley.TextDocument
---@field position? halley.Position
---@field query? string
---@field newName? string
---@field title? string
---@field settle? boolean

--- `path` and `lines` in place of `textDocument` and `range`, for editors that can only put text into a command. `path` is absolute; `lines` are the first and the last one, counted from 1.
---@class halley.Lines
---@field path string
---@field lines? any[]

---@class halley.Macro
---@field name string
---@field description string
---@field inputs table<string, any>
---@field steps integer
---@field output string
---@field prompt? string
---@field source? string
---@field definition? table<string, any>

--- Without names, all macros.
---@class halley.MacroExportParams
---@field names? string[]
---@field uri? string

--- Macros as one TOML file.
---@class halley.MacroFile
---@field content string

---@class halley.MacroImportParams
---@field content string
---@field replace? boolean

---@class halley.MacroNameParams
---@field name string

--- Records a chat's questions as a macro and saves it. Without `turns`, all current ones.
---@class halley.MacroRecordParams
---@field name string
---@field chatId string
---@field turns? string[]

---@class halley.MacroRecorded
---@field macro table<string, any>

--- The state of each step. An incomplete run can be resumed by its ID.
---@class halley.MacroRun
---@field id string
---@field macro string
---@field state 'complete'|'failed'|'stopped'
---@field steps halley.MacroStepState[]

--- `inputs` are by name. `resume` continues a run by its ID (or `last`).
---@class halley.MacroRunParams
---@field name string
---@field textDocument? halley.TextDocument
---@field range? halley.Range
---@field inputs? table<string, any>
---@field resume? string
---@field uri? string
---@field partialResultToken? string|integer

--- `macro` is a table as in `[macros.<name>]` of config.toml.
---@class halley.MacroSaveParams
---@field name string
---@field macro table<string, any>

---@class halley.MacroStepState
---@field name string
---@field kind 'text'|'image'|'speech'|'transcription'|'video'|'commit'
---@field state 'waiting'|'running'|'complete'|'skipped'|'failed'
---@field text string
---@field model string
---@field images table<string, any>[]
---@field files? table<string, any>[]
---@field problem? halley.Problem

---@class halley.MacrosImported
---@field names string[]

---@class halley.MacrosList
---@field macros halley.Macro[]

--- `variant` counts from 1. It selects the result that `save` uses; for a task with `choices`, the variant to upscale, unless that was done before.
---@class halley.MediaChooseParams
---@field task string
---@field variant integer

---@class halley.MediaListParams
---@field kind? 'image'|'imageEdit'|'speech'|'transcription'|'translation'|'video'
---@field uri? string
---@field limit? integer

--- One file. `path` is a private copy to show or play, with the right extension.
---@class halley.MediaResult
---@field variant integer
---@field mime string
---@field bytes integer
---@field path string
---@field uri string
---@field proposed string
---@field width? integer
---@field height? integer
---@field seconds? number
---@field of? integer
---@field chosen? boolean
---@field saved? string

--- `path` is relative to the workspace, or the URI of a file in it. It defaults to the proposed name.
---@class halley.MediaSaveParams
---@field task string
---@field variant? integer
---@field path? string
---@field overwrite? boolean
---@field textDocument? halley.TextDocument
---@field range? halley.Range
---@field link? boolean
---@field uri? string

--- `link` is the Markdown for the document; `applied` says whether it was inserted.
---@class halley.MediaSaved
---@field uri string
---@field path string
---@field link string
---@field applied? boolean

--- What to make. A `text_document` with a `range` supplies the text (speech) or the passage to illustrate (image) if none is given, and is where `save` inserts the link.
---@class halley.MediaStartParams
---@field kind 'image'|'imageEdit'|'speech'|'transcription'|'translation'|'video'
---@field prompt? string
---@field text? string
---@field replyId? string
---@field source? string
---@field data? string
---@field mask? string
---@field size? string
---@field quality? string
---@field n? integer
---@field seconds? integer
---@field voice? string
---@field format? string
---@field language? string
---@field model? string
---@field uri? string
---@field textDocument? halley.TextDocument
---@field range? halley.Range
---@field wait? boolean
---@field partialResultToken? string|integer

--- `choosing`: `results[0]` shows `choices` variants, and `halley/media/choose` upscales one. As long as `choices` is present, others can be chosen too.
---@class halley.MediaTask
---@field task string
---@field kind 'image'|'imageEdit'|'speech'|'transcription'|'translation'|'video'
---@field state 'queued'|'running'|'choosing'|'complete'|'failed'|'cancelled'
---@field title string
---@field prompt string
---@field model? string
---@field created string
---@field updated string
---@field progress? number
---@field text? string
---@field results? halley.MediaResult[]
---@field choices? integer
---@field cost? halley.Cost
---@field expires? string
---@field problem? halley.Problem
---@field notices? string[]

---@class halley.MediaTaskParams
---@field task string

---@class halley.MediaTasks
---@field tasks halley.MediaTask[]

---@class halley.Model
---@field id string
---@field provider string
---@field name string
---@field label string
---@field group string
---@field context? integer
---@field maxOutput? integer
---@field price? halley.Price
---@field roles string[]
---@field capabilities table<string, any>
---@field deprecated? boolean
---@field favourite? boolean
---@field recent? boolean

---@class halley.ModelsList
---@field models halley.Model[]
---@field stale boolean
---@field problems halley.Problem[]

---@class halley.ModelsListParams
---@field role? 'chat'|'edit'|'complete'|'fast'|'next'|'embed'|'image'|'speech'|'transcribe'|'video'
---@field provider? string
---@field refresh? boolean

--- `range` is of just that `version` of the document, which may be another than the one asked for. A file that is not open has no version: once it is open, `replaces` must be the text in `range`, each line end a line feed. `jump`: it is on other lines than the cursor. `model` is where it is from.
---@class halley.NextEdit
---@field id string
---@field uri string
---@field version? integer
---@field range halley.Range
---@field text string
---@field replaces string
---@field jump boolean
---@field model string

--- `shown` comes first and once; one of the others ends it. A rejected edit is not offered again, nor one like it.
---@class halley.NextEditOutcomeParams
---@field id string
---@field outcome 'shown'|'accepted'|'rejected'|'ignored'

--- `idle`: in a pause after a change; the server waits for the rest of the pause. `diagnostics` are the document's, as LSP has them: those that came with an edit are looked at first.
---@class halley.NextEditParams
---@field textDocument halley.TextDocument
---@field position halley.Position
---@field trigger? 'idle'|'save'|'invoked'
---@field diagnostics? table<string, any>[]

--- Without `edit` there is nothing to offer, or a newer question came.
---@class halley.NextEditResult
---@field edit? halley.NextEdit

---@class halley.OperationParams
---@field operation string
---@field state 'waiting'|'retrying'|'failedOver'|'done'
---@field attempt integer
---@field of integer
---@field waitMs integer
---@field reason string
---@field from? string
---@field to? string

--- The outcome of an action: exactly one of `applied`, `proposal`, `answer`, `media`.
---@class halley.Outcome
---@field applied? boolean
---@field edits? integer
---@field proposal? string
---@field answer? table<string, string>
---@field resume? halley.ResumableRun
---@field media? halley.MediaTask
---@field run? halley.MacroRun

--- A step of a plan. `state` is `open`, `doing`, `done` or `dropped`.
---@class halley.PlanStep
---@field text string
---@field state string

---@class halley.PlannedStep
---@field text string
---@field state? 'open'|'doing'|'done'|'dropped'

---@class halley.Position
---@field line integer
---@field character integer

--- A built-in provider that is not configured yet.
---@class halley.PresetRow
---@field id string
---@field label string
---@field kind string
---@field baseUrl? string
---@field keyNeeded boolean
---@field about? string

---@class halley.Price
---@field input? number
---@field output? number
---@field perRequest? number
---@field perSecond? number
---@field currency? string
---@field source 'provider'|'catalog'

---@class halley.Problem
---@field code string
---@field message string
---@field help string
---@field provider? string
---@field model? string
---@field status? integer
---@field requestId? string
---@field retryAfterMs? integer
---@field setting? string

---@class halley.ProgressParams
---@field values halley.ProgressValue[]

---@class halley.ProgressValue
---@field token string|integer
---@field value any[]

---@class halley.Proposal
---@field id string
---@field title string
---@field reason string
---@field files halley.ProposalFile[]
---@field hunks halley.ProposalHunk[]

---@class halley.ProposalFile
---@field uri string
---@field proposed string

--- A hunk. `range` and `old_text` refer to the text it was made for; they are absent if a file is created, renamed or deleted. For a renamed file, `uri` is the new name.
---@class halley.ProposalHunk
---@field index integer
---@field uri string
---@field kind 'edit'|'create'|'rename'|'delete'
---@field oldUri? string
---@field range? halley.Range
---@field oldText? string
---@field newText? string

--- `confirm`: the editor asks for confirmation of each edit, if it supports that.
---@class halley.ProposalParams
---@field id string
---@field hunks? integer[]
---@field confirm? boolean

---@class halley.ProposalsList
---@field proposals halley.Proposal[]

---@class halley.Provider
---@field id string
---@field label string
---@field kind string
---@field baseUrl string
---@field key halley.KeyStatus
---@field health? halley.Health

---@class halley.ProviderIdParams
---@field id string

---@class halley.ProviderParams
---@field provider string

--- A provider in the user's configuration. Absent fields stay unchanged; a preset supplies the rest.
---@class halley.ProviderSaveParams
---@field id string
---@field kind? 'openai'|'openai-responses'|'anthropic'
---@field preset? string
---@field label? string
---@field baseUrl? string
---@field key? halley.KeySource
---@field headers? table<string, string>
---@field proxy? string
---@field caBundle? string
---@field enabled? boolean

---@class halley.ProvidersList
---@field providers halley.Provider[]
---@field presets? halley.PresetRow[]

---@class halley.Range
---@field start halley.Position
---@field end halley.Position

---@class halley.Reply
---@field replyId string
---@field model string
---@field text string
---@field reasoning? string
---@field status 'complete'|'interrupted'|'cancelled'|'failed'
---@field problem? halley.Problem
---@field usage? halley.Usage
---@field citations? halley.Citation[]
---@field images? table<string, any>[]
---@field chosen? boolean
---@field rendered? string
---@field sources? halley.Source[]
---@field blocks? halley.Block[]
---@field notices? string[]
---@field media? string[]
---@field tools? halley.ToolUse[]

--- A conversation of another application. Nothing is added to it or saved.
---@class halley.RespondParams
---@field model string
---@field messages halley.SaidMessage[]
---@field maxTokens? integer
---@field partialResultToken? string|integer

---@class halley.Responded
---@field text string

--- `files` limits it to some of the files. `force` includes those that you changed since: your own changes stay where they do not overlap.
---@class halley.RestoreParams
---@field id string
---@field files? string[]
---@field force? boolean

---@class halley.RestoreResult
---@field restored string[]
---@field changed string[]
---@field failed string[]
---@field undo? string

--- `resume` of `halley/macros/run` takes the ID of `run`.
---@class halley.ResumableRun
---@field macro string
---@field run string

---@class halley.RetryEnded
---@field ended boolean

---@class halley.RetryParams
---@field operation string

--- `text` is the whole report as Markdown, `summary` its first line.
---@class halley.Review
---@field text string
---@field summary string
---@field findings halley.ReviewFinding[]
---@field unplaced halley.ReviewFinding[]
---@field files integer
---@field skipped string[]
---@field problems halley.Problem[]
---@field model string
---@field inputTokens integer
---@field outputTokens integer
---@field costUsd? number

--- Without `ids`: all findings.
---@class halley.ReviewClearParams
---@field ids? string[]

---@class halley.ReviewCleared
---@field cleared integer

--- Lines are of the new text, from 1; 0 where the finding is not placed. `replacement` is for exactly those lines. `id` and `uri` name a finding that is placed; `shown` says whether its lines still stand in the editor's text.
---@class halley.ReviewFinding
---@field id? string
---@field uri? string
---@field shown? boolean
---@field file string
---@field firstLine integer
---@field lastLine integer
---@field severity 'error'|'warning'|'info'
---@field title string
---@field text string
---@field quote string
---@field replacement? string

--- The argument of the `halley.review.fix` command: a finding's.
---@class halley.ReviewFixParams
---@field id string

--- `range`: commits as in `main..HEAD`, or one; absent: the working tree against HEAD, or what is `staged`. `cwd` is a folder or its URI. It defaults to the workspace's.
---@class halley.ReviewParams
---@field range? string
---@field staged? boolean
---@field instruction? string
---@field model? string
---@field cwd? string
---@field uri? string

--- The argument of the `halley.run` command. `background`: the command returns immediately, and the result is shown by standard LSP means.
---@class halley.RunParams
---@field action string
---@field textDocument halley.TextDocument
---@field range halley.Range
---@field diagnostics? table<string, any>[]
---@field instruction? string
---@field model? string
---@field background? boolean

---@class halley.SaidMessage
---@field role 'user'|'assistant'|'system'
---@field content string

--- Lines of a file, best first. `path` is relative to the workspace; `text` is those lines as they were indexed. `how` says what matched: words, meaning, or both. `score` only compares hits of one result.
---@class halley.SearchHit
---@field path string
---@field uri string
---@field range halley.Range
---@field text string
---@field score number
---@field how 'lexical'|'vector'|'both'
---@field symbol? string
---@field languageId? string

--- `uri` names the workspace by any document in it; it defaults to the first folder's.
---@class halley.SearchParams
---@field query string
---@field limit? integer
---@field uri? string

--- If `state` is not `ready`, the result covers what is indexed so far. `notices` are for the user.
---@class halley.SearchResult
---@field hits halley.SearchHit[]
---@field state 'off'|'idle'|'indexing'|'embedding'|'paused'|'ready'|'failed'
---@field notices? string[]

---@class halley.SecretGetParams
---@field provider string
---@field origin string

---@class halley.SecretGot
---@field key? string

---@class halley.SecretSetParams
---@field provider string
---@field key string
---@field store? 'keyring'|'file'|'session'

---@class halley.SelectParams
---@field role 'chat'|'edit'|'complete'|'fast'|'next'|'embed'|'image'|'speech'|'transcribe'|'video'
---@field route string[]
---@field scope? 'session'|'workspace'|'user'
---@field uri? string

---@class halley.SelectedRole
---@field route string[]
---@field scope string
---@field source string

---@class halley.Selection
---@field roles table<string, halley.SelectedRole>

---@class halley.SentMessage
---@field role 'system'|'user'|'assistant'|'tool'
---@field text string
---@field tokens integer
---@field images integer

--- A cited source. Marks in the text refer to `number`.
---@class halley.Source
---@field number integer
---@field url string
---@field title string

---@class halley.StatusParams
---@field kind 'normal'|'busy'|'warning'|'error'|'inactive'
---@field message string
---@field roles table<string, halley.SelectedRole>
---@field spend? table<string, any>
---@field action? table<string, any>

--- `problem` stands instead of what only the database knows, while it cannot be reached.
---@class halley.TeamStatus
---@field address string
---@field reachable boolean
---@field waiting integer
---@field member? string
---@field admin? boolean
---@field groups? string[]
---@field budgets? table<string, any>[]
---@field members? table<string, any>[]
---@field gateways? table<string, any>[]
---@field problem? table<string, any>

---@class halley.TextDocument
---@field uri string
---@field version? integer

--- A permanent approval of a tool, for arguments of this shape in this workspace, until anything about it changes.
---@class halley.ToolApproval
---@field id string
---@field server string
---@field tool string
---@field shape string
---@field workspace string
---@field created string

--- A call that waits for approval. The fields are as the model and the server wrote them: show them as plain text.
---@class halley.ToolApproveParams
---@field chatId string
---@field turnId string
---@field replyId string
---@field callId string
---@field server string
---@field tool string
---@field title string
---@field arguments table<string, any>
---@field argumentsText string
---@field readOnly boolean
---@field changed? string
---@field always? boolean
---@field chat? boolean
---@field diff? string
---@field command? string
---@field why? string
---@field hunks? halley.ApproveHunk[]

--- No answer, an error, and anything else count as `deny`. `chat`: for the rest of this chat.
---@class halley.ToolApproved
---@field decision 'once'|'chat'|'always'|'deny'
---@field hunks? integer[]

--- An argument of an MCP prompt.
---@class halley.ToolArgument
---@field name string
---@field description? string
---@field required? boolean

--- A field of a tool server's form. Show both as plain text, and what is written as it is: it is no password.
---@class halley.ToolAskParams
---@field title string
---@field prompt string

---@class halley.ToolAsked
---@field text? string

---@class halley.ToolEntry
---@field name string
---@field title string
---@field description string
---@field readOnly boolean
---@field enabled boolean
---@field scope 'chat'|'workspace'|'user'|'default'
---@field asks boolean
---@field schema table<string, any>

--- A prompt that a server offers: `/server.name` in a chat.
---@class halley.ToolPrompt
---@field name string
---@field title string
---@field description string
---@field arguments? halley.ToolArgument[]

--- A readable resource of a server: `#server:uri` in a chat.
---@class halley.ToolResource
---@field uri string
---@field name string
---@field title string
---@field description string
---@field mime? string

--- `state` is `off` until the server is first needed, and while it is switched off.
---@class halley.ToolServer
---@field name string
---@field title string
---@field state 'off'|'starting'|'ready'|'failed'
---@field problem? string
---@field enabled boolean
---@field scope 'chat'|'workspace'|'user'|'default'
---@field trusted boolean
---@field transport 'builtin'|'stdio'|'http'
---@field tools? halley.ToolEntry[]
---@field prompts? halley.ToolPrompt[]
---@field resources? halley.ToolResource[]

--- A tool call of a reply, with its result. `at` is its offset in the reply's `text`, in code points.
---@class halley.ToolUse
---@field callId string
---@field server string
---@field tool string
---@field title string
---@field arguments string
---@field state 'done'|'failed'|'denied'|'refused'|'cut'|'unanswered'|'open'
---@field result? string
---@field shortened? boolean
---@field readOnly? boolean
---@field at? integer
---@field ms? number
---@field diff? string
---@field command? string

--- Revokes permanent approvals: one by `id`, those of a server or of one of its tools, or without any field all of the workspace's.
---@class halley.ToolsForgetParams
---@field id? string
---@field server? string
---@field tool? string
---@field uri? string

---@class halley.ToolsForgotten
---@field forgotten integer

---@class halley.ToolsList
---@field off boolean
---@field scope 'chat'|'workspace'|'user'|'default'
---@field servers halley.ToolServer[]
---@field approvals halley.ToolApproval[]

--- `uri` selects the workspace and `chat_id` the chat whose switches are shown.
---@class halley.ToolsListParams
---@field uri? string
---@field chatId? string

---@class halley.ToolsRestartParams
---@field server string
---@field uri? string
---@field chatId? string

--- Without `server` and `tool`, all tools are meant. `enabled: null` removes the setting at this scope.
---@class halley.ToolsSetParams
---@field server? string
---@field tool? string
---@field enabled? boolean
---@field scope? 'chat'|'workspace'|'user'
---@field chatId? string
---@field uri? string

--- A server that is a host, by its name in `tools.servers`.
---@class halley.ToolsSignParams
---@field server string
---@field uri? string

---@class halley.ToolsSigned
---@field text string

--- `hash` covers the content described here; `files` are the paths of the existing files.
---@class halley.TrustAsked
---@field root string
---@field hash string
---@field trusted boolean
---@field files string[]
---@field asks string[]
---@field refused string[]

--- `hash` is from `TrustAsked`, so content that has changed since it was shown is not trusted.
---@class halley.TrustParams
---@field hash string
---@field uri? string

---@class halley.UriParams
---@field uri? string

---@class halley.Usage
---@field inputTokens integer
---@field outputTokens integer
---@field cachedTokens? integer
---@field cacheWriteTokens? integer
---@field cost? halley.Cost
---@field firstTokenMs? number
---@field totalMs? number
---@field tokensPerS? number

---@class halley.UsageParams
---@field since? string
---@field until? string
---@field by? ('day'|'month'|'model'|'provider'|'workspace'|'feature'|'status'|'member')[]
---@field team? boolean

---@class halley.UsageReport
---@field rows table<string, any>[]
---@field totals table<string, any>
---@field completions? table<string, any>[]
---@field nextEdits? table<string, any>[]
---@field quota? table<string, any>[]
---@field hasTeam? boolean

---@class halley.Verified
---@field ok boolean
---@field steps halley.VerifyStep[]
---@field model? string
---@field firstTokenMs? number

---@class halley.VerifyParams
---@field provider string
---@field model? string

---@class halley.VerifyStep
---@field name string
---@field ok boolean
---@field ms? number
---@field problem? halley.Problem
