// Replaces `linkify-it`, which markdown-it constructs even where `linkify` is off.

export default class LinkifyIt {}
