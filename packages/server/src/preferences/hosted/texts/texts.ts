/** What the hosted page says, in one language. `{channel}` stands for the name of a channel. */
export interface PageTexts {
  title: string;
  intro: string;
  scope: string;
  about: string;
  more: string;
  on: string;
  off: string;
  locked: string;
  restricted: string;
  all: string;
  allHint: string;
  channels: string;
  often: string;
  search: string;
  none: string;
  language: string;
  show: string;
  empty: string;
  saved: string;
  undo: string;
  failed: string;
  deadTitle: string;
  deadText: string;
  renew: string;
  renewed: string;
  renewText: string;
  /** Names of channels that are not names of products. */
  email: string;
  push: string;
  inbox: string;
}
