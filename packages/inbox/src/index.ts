/** The browser client of the Carillon inbox. A door so far. */
export const FEED_SCHEMA = "1";
