// The things of the API under short names.
import type { components } from '$sdk'

type Schemas = components['schemas']
export type User = Schemas['User']
export type Channel = Schemas['Channel']
export type Member = Schemas['Member']
export type Message = Schemas['Message']
export type Flagged = Schemas['Flagged']
export type Entry = Schemas['Entry']
export type Session = Schemas['Session']
export type Connection = Schemas['Connection']
export type Invitation = Schemas['Invitation']
export type IssuedInvitation = Schemas['IssuedInvitation']
export type IssuedReset = Schemas['IssuedReset']
export type Invite = Schemas['Invite']
export type Sanctioned = Schemas['Sanctioned']
export type Setting = Schemas['Setting']
export type Word = Schemas['Word']
export type Export = Schemas['Export']
export type DeletedChannel = Schemas['DeletedChannel']
export type Announcement = Schemas['Announcement']
export interface Health {
  /** Seconds. */
  uptime: number
  timestamp: string
}
export type Lifetime = Schemas['Lifetime']
