/**
 * The Node client of Carillon. A door so far: until it opens, use the SuprSend SDKs with Carillon's address as
 * their base URL, which is what Carillon is compatible with.
 */
export const DEFAULT_BASE_URL = "http://127.0.0.1:3000/";
