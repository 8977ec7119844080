export { Preferences } from "../preferences/preferences.tsx";
export { default as css } from "../styles/preferences.css";
